/** Second step: a passkey, six digits of the authenticator app, or a recovery code. */
import { useState } from 'preact/hooks';
import type { SecondFactor } from '@bedside/client';
import { Button, TextField } from '../../ui';
import { clinicWords } from '../i18n';
import { bareCode, isAppCode, type SignInState } from '../model/sign-in';
import type { Session } from '../session';
import { Frame, RefusalBanner, useFirstFocus, useLockout } from './Frame';

/** What is asked for. */
type Way = 'passkey' | 'app' | 'recovery';

export interface CodeProps {
  readonly state: SignInState;
  readonly session: Pick<Session, 'code' | 'passkey' | 'back'>;
  /** What this person can show; none when it is not known. */
  readonly factors: readonly SecondFactor[];
  /** What is asked for first, if not the easiest. */
  readonly begin?: Way;
}

export function Code({ state, session, factors, begin }: CodeProps) {
  const t = clinicWords.t;
  const ways = waysOf(factors, state.ways?.passkeys ?? false);
  const [by, setBy] = useState<Way>(begin ?? ways[0] ?? 'recovery');
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

  const change = (to: Way) => {
    setBy(to);
    setCode('');
    setMissing(false);
    first.current?.focus();
  };

  return (
    <Frame title={t.signIn.codeTitle}>
      <RefusalBanner refusal={state.refusal} lockoutS={lockoutS} />
      {by === 'passkey' ? (
        <div class="clinic-form">
          <p class="clinic-soft">{t.passkeys.secondLead}</p>
          <Button
            kind="primary"
            scale="large"
            wide
            busy={state.busy}
            disabled={lockoutS > 0}
            onClick={() => void session.passkey(false)}
          >
            {t.passkeys.use}
          </Button>
        </div>
      ) : (
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
      )}
      <div class="clinic-stack">
        {ways.filter((way) => way !== by).map((way) => (
          <Button key={way} kind="quiet" wide onClick={() => change(way)}>
            {{ passkey: t.passkeys.useInstead, app: t.signIn.useApp, recovery: t.signIn.useRecovery }[way]}
          </Button>
        ))}
        <Button kind="quiet" wide onClick={session.back}>
          {t.signIn.startOver}
        </Button>
      </div>
    </Frame>
  );
}

/** What can be asked for, the easiest first. A recovery code always can. */
function waysOf(factors: readonly SecondFactor[], passkeys: boolean): readonly Way[] {
  const app: readonly Way[] = factors.length === 0 || factors.includes('app') ? ['app'] : [];
  if (!passkeys) return [...app, 'recovery'];
  // After a reload it is not known what there is: the app stays the first question.
  if (factors.length === 0) return [...app, 'passkey', 'recovery'];
  return factors.includes('passkey') ? ['passkey', ...app, 'recovery'] : [...app, 'recovery'];
}
