/** Second step: six digits of the authenticator app, or a recovery code. */
import { useState } from 'preact/hooks';
import { Button, TextField } from '../../ui';
import { clinicWords } from '../i18n';
import { bareCode, isAppCode, type SignInState } from '../model/sign-in';
import type { Session } from '../session';
import { Frame, RefusalBanner, useFirstFocus, useLockout } from './Frame';

export interface CodeProps {
  readonly state: SignInState;
  readonly session: Pick<Session, 'code' | 'back'>;
  /** Which of the two is asked for first. */
  readonly begin?: 'app' | 'recovery';
}

export function Code({ state, session, begin = 'app' }: CodeProps) {
  const t = clinicWords.t;
  const [by, setBy] = useState(begin);
  const [code, setCode] = useState('');
  const [missing, setMissing] = useState(false);
  const first = useFirstFocus<HTMLInputElement>();
  const lockoutS = useLockout(state.refusal);

  const submit = (event: Event) => {
    event.preventDefault();
    if (state.busy || lockoutS > 0) return;
    const bad = by === 'app' ? !isAppCode(code) : bareCode(code) === '';
    setMissing(bad);
    if (!bad) void session.code(code);
  };

  const change = () => {
    setBy(by === 'app' ? 'recovery' : 'app');
    setCode('');
    setMissing(false);
    first.current?.focus();
  };

  return (
    <Frame title={t.signIn.codeTitle}>
      <RefusalBanner refusal={state.refusal} lockoutS={lockoutS} />
      <form class="clinic-form" noValidate onSubmit={submit}>
        {by === 'app' ? (
          <TextField
            label={t.signIn.code}
            hint={t.signIn.codeLead}
            inputMode="numeric"
            name="code"
            autocomplete="one-time-code"
            spellcheck={false}
            value={code}
            onValue={setCode}
            inputRef={first}
            error={missing ? t.signIn.codeMissing : undefined}
          />
        ) : (
          <TextField
            label={t.signIn.recovery}
            hint={t.signIn.recoveryLead}
            name="recovery"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            value={code}
            onValue={setCode}
            inputRef={first}
            error={missing ? t.signIn.recoveryMissing : undefined}
          />
        )}
        <Button kind="primary" scale="large" wide type="submit" busy={state.busy} disabled={lockoutS > 0}>
          {t.signIn.codeSubmit}
        </Button>
      </form>
      <div class="clinic-stack">
        <Button kind="quiet" wide onClick={change}>
          {by === 'app' ? t.signIn.useRecovery : t.signIn.useApp}
        </Button>
        <Button kind="quiet" wide onClick={session.back}>
          {t.signIn.startOver}
        </Button>
      </div>
    </Frame>
  );
}
