/** What one shows after the password: the app, and one's passkeys to add and remove. */
import { useEffect, useState } from 'preact/hooks';
import { timestampToDate } from '@bedside/client/clinic';
import type { AnyErrorCode, Passkey, Passkeys } from '@bedside/client';
import { formatDayTime } from '../../i18n';
import { Banner, Button, IconCopy, Skeleton, TextField, toast } from '../../ui';
import { copyText } from '../copy';
import { useDeed } from '../deed';
import { clinicWords } from '../i18n';
import { codeOf } from '../session';
import { errorText } from '../words';
import type { FactorActions } from '../factors';
import { AddApp } from './AddApp';
import { ShowAgain } from './ShowAgain';

type Shown =
  | { readonly at: 'loading' }
  | { readonly at: 'refused'; readonly code: AnyErrorCode }
  | { readonly at: 'there'; readonly all: Passkeys };

/** A part of the account's dialog. */
export function Factors({ actions }: { actions: FactorActions }) {
  const t = clinicWords.t.passkeys;
  const [shown, setShown] = useState<Shown>({ at: 'loading' });
  const [tries, setTries] = useState(0);
  const [codes, setCodes] = useState<readonly string[]>([]);
  useEffect(() => {
    let gone = false;
    actions.passkeys().then(
      (all) => !gone && setShown({ at: 'there', all }),
      (caught: unknown) => !gone && setShown({ at: 'refused', code: codeOf(caught) }),
    );
    return () => {
      gone = true;
    };
  }, [actions, tries]);
  const again = () => setTries((n) => n + 1);
  const added = (recovery: readonly string[]) => {
    if (recovery.length > 0) setCodes(recovery);
    again();
  };

  return (
    <section class="clinic-stack" aria-label={t.title}>
      <h3>{t.title}</h3>
      <p class="clinic-soft">{t.lead}</p>
      {shown.at === 'loading' ? (
        <div role="status">
          <span class="ui-hidden">{t.loading}</span>
          <Skeleton />
        </div>
      ) : shown.at === 'refused' ? (
        <Banner tone="danger" live="assertive" actions={<Button onClick={again}>{clinicWords.t.common.tryAgain}</Button>}>
          {errorText(shown.code)}
        </Banner>
      ) : (
        <>
          <p>
            {t.app}: {shown.all.app ? t.appOn : t.appOff}
          </p>
          {shown.all.app ? null : <AddApp all={shown.all} actions={actions} onAdded={added} />}
          {shown.all.passkeys.length === 0 ? <p class="clinic-soft">{t.none}</p> : null}
          <ul role="list" class="clinic-stack">
            {shown.all.passkeys.map((one) => (
              <Row key={one.passkey} one={one} all={shown.all} actions={actions} onRemoved={again} />
            ))}
          </ul>
          {codes.length > 0 ? <Codes codes={codes} /> : null}
          <Add all={shown.all} actions={actions} onAdded={added} />
        </>
      )}
    </section>
  );
}

interface RowProps {
  readonly one: Passkey;
  readonly all: Passkeys;
  readonly actions: FactorActions;
  readonly onRemoved: () => void;
}

/** One passkey. Removing asks first, in the same place. */
function Row({ one, all, actions, onRemoved }: RowProps) {
  const { common, passkeys: t } = clinicWords.t;
  const [asking, setAsking] = useState(false);
  const removing = useDeed();
  const day = (at: number) => formatDayTime(timestampToDate(at), new Date());
  const remove = () =>
    removing.run(
      () => actions.removePasskey(one.passkey),
      () => {
        toast(t.removed, 'ok');
        onRemoved();
      },
    );
  return (
    <li class="clinic-stack">
      <div class="clinic-row">
        <p>
          <strong>{one.name}</strong>
          <br />
          <span class="clinic-soft clinic-small">
            {t.added(day(one.created_at))}, {one.last_used_at === undefined ? t.neverUsed : t.used(day(one.last_used_at))}
          </span>
        </p>
        {asking ? null : (
          <Button kind="quiet" aria-label={t.removeName(one.name)} onClick={() => setAsking(true)}>
            {t.remove}
          </Button>
        )}
      </div>
      {asking && removing.refused === 'factor_needed' ? (
        <ShowAgain all={all} actions={actions} onShown={remove} />
      ) : asking ? (
        <Banner
          tone={removing.refused ? 'danger' : 'warn'}
          live="assertive"
          title={t.removeTitle(one.name)}
          actions={
            <>
              <Button kind="danger" busy={removing.busy} onClick={remove}>
                {t.remove}
              </Button>
              <Button onClick={() => setAsking(false)}>{common.cancel}</Button>
            </>
          }
        >
          {removing.refused ? errorText(removing.refused) : t.removeBody}
        </Banner>
      ) : null}
    </li>
  );
}

interface AddProps {
  readonly all: Passkeys;
  readonly actions: FactorActions;
  readonly onAdded: (codes: readonly string[]) => void;
}

function Add({ all, actions, onAdded }: AddProps) {
  const t = clinicWords.t.passkeys;
  const [name, setName] = useState('');
  const [missing, setMissing] = useState(false);
  const adding = useDeed();
  if (!all.possible) return <p class="clinic-soft">{t.notHere}</p>;
  if (all.passkeys.length >= all.most) return <p class="clinic-soft">{t.full(all.most)}</p>;

  const add = () =>
    adding.run(
      () => actions.addPasskey(name.trim()),
      (codes) => {
        setName('');
        toast(t.addedToast, 'ok');
        onAdded(codes);
      },
    );
  const submit = (event: Event) => {
    event.preventDefault();
    setMissing(name.trim() === '');
    if (name.trim() !== '') add();
  };
  if (adding.refused === 'factor_needed') return <ShowAgain all={all} actions={actions} onShown={add} />;
  return (
    <form class="clinic-form" noValidate onSubmit={submit}>
      {adding.refused ? (
        <Banner tone={adding.refused === 'passkey_dismissed' ? 'warn' : 'danger'} live="assertive">
          {errorText(adding.refused)}
        </Banner>
      ) : null}
      <TextField
        label={t.name}
        hint={t.nameHint}
        name="passkey-name"
        autocomplete="off"
        maxLength={100}
        value={name}
        onValue={setName}
        error={missing ? t.nameMissing : undefined}
      />
      <Button type="submit" busy={adding.busy}>
        {t.add}
      </Button>
    </form>
  );
}

/** Recovery codes that came with the first passkey of somebody who had none. Shown once. */
function Codes({ codes }: { codes: readonly string[] }) {
  const { passkeys: t, recovery } = clinicWords.t;
  return (
    <Banner tone="warn" live="polite" title={t.codesTitle}>
      <p>{recovery.lead}</p>
      <ol role="list" class="clinic-codes">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ol>
      <Button icon={IconCopy} onClick={() => void copyText(codes.join('\n'))}>
        {recovery.copy}
      </Button>
    </Banner>
  );
}
