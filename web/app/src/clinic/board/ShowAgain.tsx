/** The second step once more, before something is added to it: an open browser alone must not be enough. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Passkeys } from '@bedside/client';
import { Banner, Button, TextField } from '../../ui';
import { useDeed } from '../deed';
import type { FactorActions } from '../factors';
import { clinicWords } from '../i18n';
import { bareCode } from '../model/sign-in';
import { errorText } from '../words';

export interface ShowAgainProps {
  /** What this person has. */
  readonly all: Passkeys;
  readonly actions: Pick<FactorActions, 'showCode' | 'showPasskey'>;
  readonly onShown: () => void;
}

export function ShowAgain({ all, actions, onShown }: ShowAgainProps) {
  const { signIn, passkeys: t } = clinicWords.t;
  const [code, setCode] = useState('');
  const [missing, setMissing] = useState(false);
  const showing = useDeed();
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  // Whoever came in by a link, or by the clinic's own account, may have none of ours yet.
  if (!all.app && all.passkeys.length === 0) {
    return (
      <Banner tone="warn" live="assertive" title={t.againTitle}>
        {t.againNone}
      </Banner>
    );
  }

  const submit = (event: Event) => {
    event.preventDefault();
    const empty = bareCode(code) === '';
    setMissing(empty);
    if (!empty) showing.run(() => actions.showCode(bareCode(code)), onShown);
  };
  return (
    <section class="clinic-stack" aria-label={t.againTitle}>
      <Banner tone="info" live="polite" title={t.againTitle}>
        {t.againLead}
      </Banner>
      {showing.refused ? (
        <Banner tone={showing.refused === 'passkey_dismissed' ? 'warn' : 'danger'} live="assertive">
          {errorText(showing.refused)}
        </Banner>
      ) : null}
      {all.possible && all.passkeys.length > 0 ? (
        <Button wide busy={showing.busy} onClick={() => showing.run(() => actions.showPasskey(), onShown)}>
          {t.use}
        </Button>
      ) : null}
      <form class="clinic-form" noValidate onSubmit={submit}>
        <TextField
          label={all.app ? t.againCode : signIn.recovery}
          name="second-step"
          autocomplete="one-time-code"
          autocapitalize="none"
          spellcheck={false}
          value={code}
          onValue={setCode}
          inputRef={first}
          error={missing ? t.againMissing : undefined}
        />
        <Button type="submit" busy={showing.busy}>
          {signIn.codeSubmit}
        </Button>
      </form>
    </section>
  );
}
