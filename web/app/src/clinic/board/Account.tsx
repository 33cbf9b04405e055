/** One's own sign-ins, second step, language, looks and ring; the way to the office, for those who have one; the way out. */
import { useEffect, useState } from 'preact/hooks';
import type { Me } from '@bedside/client';
import { Badge, Banner, Button, CheckField, Confirm, Dialog, IconLeave } from '../../ui';
import { clinicWords } from '../i18n';
import { hasOffice, OFFICE_PAGES } from '../places';
import { Preferences } from '../Preferences';
import type { FactorActions } from '../factors';
import type { Ring } from '../ring';
import { Factors } from './Factors';

/** From this many recovery codes down, a word about it. */
const FEW_CODES = 3;

export interface AccountProps {
  readonly me: Me;
  /** Null for those who have no board. */
  readonly ring: Pick<Ring, 'wanted' | 'want'> | null;
  readonly factors: FactorActions;
  /** How many openings in emergencies nobody has reviewed. Asked of those who may. */
  readonly unreviewed: () => Promise<number>;
  readonly inCall: boolean;
  readonly onClose: () => void;
  readonly onSignOut: (everywhere: boolean) => void;
}

export function Account({ me, ring, factors, unreviewed, inCall, onClose, onSignOut }: AccountProps) {
  const t = clinicWords.t;
  const [asking, setAsking] = useState(false);
  if (asking) {
    return (
      <Confirm
        open
        title={t.me.everywhereTitle}
        confirmLabel={t.me.signOutEverywhere}
        cancelLabel={t.common.cancel}
        onConfirm={() => onSignOut(true)}
        onCancel={() => setAsking(false)}
      >
        <p>{t.me.everywhereBody}</p>
        {inCall ? <p>{t.me.inCall}</p> : null}
      </Confirm>
    );
  }
  return (
    <Dialog open onClose={onClose} title={me.name} closeLabel={t.common.close}>
      <div class="clinic-stack">
        <p class="clinic-soft">{me.email}</p>
        <p class="clinic-soft">{t.me.sessions(me.sessions)}</p>
      </div>
      {me.recovery_codes_left <= FEW_CODES ? <Banner tone="warn">{t.me.fewCodes(me.recovery_codes_left)}</Banner> : null}
      {hasOffice(me) ? <ToOffice unreviewed={unreviewed} /> : null}
      <Factors actions={factors} />
      <Preferences />
      {ring ? <CheckField label={t.board.soundOn} checked={ring.wanted.value} onChecked={ring.want} /> : null}
      {inCall ? <p class="clinic-soft">{t.me.inCall}</p> : null}
      <div class="clinic-row">
        <Button icon={IconLeave} onClick={() => onSignOut(false)}>
          {t.me.signOut}
        </Button>
        <Button kind="quiet" onClick={() => setAsking(true)}>
          {t.me.signOutEverywhere}
        </Button>
      </div>
    </Dialog>
  );
}

/** The way to the pages of the office, and how much there is to review. */
function ToOffice({ unreviewed }: Pick<AccountProps, 'unreviewed'>) {
  const t = clinicWords.t.places;
  const [toDo, setToDo] = useState(0);
  useEffect(() => {
    let gone = false;
    unreviewed().then(
      (count) => !gone && setToDo(count),
      // The page itself says what is wrong; a menu without a count serves.
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, []);
  return (
    <nav class="clinic-menu" aria-label={t.title}>
      {OFFICE_PAGES.map((page) => (
        <a key={page} class="ui-button ui-button--secondary ui-button--wide" href={`#${page}`}>
          <span>{t[page]}</span>
          {page === 'reviews' && toDo > 0 ? <Badge tone="warn">{t.toDo(toDo)}</Badge> : null}
        </a>
      ))}
    </nav>
  );
}
