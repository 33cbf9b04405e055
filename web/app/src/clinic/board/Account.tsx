/** One's own sign-ins, language, looks and ring; and the way out. */
import { useState } from 'preact/hooks';
import type { Me } from '@bedside/client';
import { Banner, Button, CheckField, Confirm, Dialog, IconLeave } from '../../ui';
import { clinicWords } from '../i18n';
import { Preferences } from '../Preferences';
import type { Ring } from '../ring';

/** From this many recovery codes down, a word about it. */
const FEW_CODES = 3;

export interface AccountProps {
  readonly me: Me;
  readonly ring: Pick<Ring, 'wanted' | 'want'>;
  readonly inCall: boolean;
  readonly onClose: () => void;
  readonly onSignOut: (everywhere: boolean) => void;
}

export function Account({ me, ring, inCall, onClose, onSignOut }: AccountProps) {
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
      <Preferences />
      <CheckField label={t.board.soundOn} checked={ring.wanted.value} onChecked={ring.want} />
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
