/** Setting up the authenticator app beside a passkey, from the own account. */
import { useState } from 'preact/hooks';
import type { MfaStart, Passkeys } from '@bedside/client';
import { Banner, Button, TextField, toast } from '../../ui';
import { useDeed } from '../deed';
import type { FactorActions } from '../factors';
import { clinicWords } from '../i18n';
import { bareCode, isAppCode } from '../model/sign-in';
import { AppKey } from '../sign-in/AppKey';
import { errorText } from '../words';
import { ShowAgain } from './ShowAgain';

export interface AddAppProps {
  readonly all: Passkeys;
  readonly actions: FactorActions;
  readonly onAdded: (codes: readonly string[]) => void;
  /** The key, when it is there already. */
  readonly begun?: MfaStart;
}

export function AddApp({ all, actions, onAdded, begun }: AddAppProps) {
  const { enrol, signIn, passkeys: t } = clinicWords.t;
  const [key, setKey] = useState<MfaStart | null>(begun ?? null);
  const [code, setCode] = useState('');
  const [missing, setMissing] = useState(false);
  const beginning = useDeed();
  const proving = useDeed();
  const begin = () => beginning.run(() => actions.startApp(), setKey);

  if (beginning.refused === 'factor_needed') return <ShowAgain all={all} actions={actions} onShown={begin} />;
  // Longer away than a second step counts: the key stands, the code is typed anew.
  if (proving.refused === 'factor_needed') {
    return <ShowAgain all={all} actions={actions} onShown={() => (setCode(''), proving.clear())} />;
  }
  if (!key) {
    return (
      <>
        {beginning.refused ? (
          <Banner tone="danger" live="assertive">
            {errorText(beginning.refused)}
          </Banner>
        ) : null}
        <Button busy={beginning.busy} onClick={begin}>
          {t.appAdd}
        </Button>
      </>
    );
  }

  const submit = (event: Event) => {
    event.preventDefault();
    setMissing(!isAppCode(code));
    if (!isAppCode(code)) return;
    proving.run(
      () => actions.finishApp(bareCode(code)),
      (codes) => {
        toast(t.appAddedToast, 'ok');
        onAdded(codes);
      },
    );
  };
  return (
    <section class="clinic-stack" aria-label={t.appAdd}>
      <AppKey mfa={key} />
      {proving.refused ? (
        <Banner tone="danger" live="assertive">
          {errorText(proving.refused)}
        </Banner>
      ) : null}
      <form class="clinic-form" noValidate onSubmit={submit}>
        <TextField
          label={signIn.code}
          hint={enrol.step2}
          inputMode="numeric"
          name="code"
          autocomplete="one-time-code"
          spellcheck={false}
          value={code}
          onValue={setCode}
          error={missing ? signIn.codeMissing : undefined}
        />
        <Button type="submit" busy={proving.busy}>
          {enrol.submit}
        </Button>
      </form>
    </section>
  );
}
