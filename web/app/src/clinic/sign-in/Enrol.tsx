/** Setting up the authenticator app, and the recovery codes that come with it. */
import { useState } from 'preact/hooks';
import type { MfaStart } from '@bedside/client';
import { Banner, Button, CheckField, IconCopy, Skeleton, TextField } from '../../ui';
import { copyText } from '../copy';
import { clinicWords } from '../i18n';
import { isAppCode, type SignInState } from '../model/sign-in';
import type { Session } from '../session';
import { errorText } from '../words';
import { AppKey } from './AppKey';
import { Frame, RefusalBanner, useLockout } from './Frame';

export interface EnrolProps {
  readonly state: SignInState;
  readonly mfa: MfaStart | null;
  readonly session: Pick<Session, 'enrol' | 'confirmEnrolment' | 'enrolPasskey'>;
}

/** The key as a picture and in letters, then the proof that the app has it. */
export function Enrol({ state, mfa, session }: EnrolProps) {
  const t = clinicWords.t;
  if (mfa) return <EnrolWith state={state} mfa={mfa} session={session} />;
  return (
    <Frame title={t.enrol.title} lead={t.enrol.lead}>
      {state.refusal ? (
        <Banner
          tone="danger"
          live="assertive"
          title={t.enrol.failed}
          actions={<Button onClick={() => void session.enrol()}>{t.common.tryAgain}</Button>}
        >
          {errorText(state.refusal.code)}
        </Banner>
      ) : (
        <div role="status">
          <span class="ui-hidden">{t.enrol.preparing}</span>
          <Skeleton />
          <Skeleton width={60} />
        </div>
      )}
    </Frame>
  );
}

function EnrolWith({ state, mfa, session }: EnrolProps & { readonly mfa: MfaStart }) {
  const t = clinicWords.t;
  const [code, setCode] = useState('');
  const [missing, setMissing] = useState(false);
  const lockoutS = useLockout(state.refusal);

  const submit = (event: Event) => {
    event.preventDefault();
    if (state.busy || lockoutS > 0) return;
    setMissing(!isAppCode(code));
    if (isAppCode(code)) void session.confirmEnrolment(code);
  };

  return (
    <Frame title={t.enrol.title} lead={t.enrol.lead} focusHeading>
      <ol class="clinic-steps">
        <li>
          <AppKey mfa={mfa} />
        </li>
        <li>
          <RefusalBanner refusal={state.refusal} lockoutS={lockoutS} />
          <form class="clinic-form" noValidate onSubmit={submit}>
            <TextField
              label={t.signIn.code}
              hint={t.enrol.step2}
              inputMode="numeric"
              name="code"
              autocomplete="one-time-code"
              spellcheck={false}
              value={code}
              onValue={setCode}
              error={missing ? t.signIn.codeMissing : undefined}
            />
            <Button kind="primary" scale="large" wide type="submit" busy={state.busy} disabled={lockoutS > 0}>
              {t.enrol.submit}
            </Button>
          </form>
        </li>
      </ol>
      {state.ways?.passkeys ? (
        <div class="clinic-stack">
          <p class="clinic-soft">{t.passkeys.insteadLead}</p>
          <Button wide disabled={state.busy} onClick={() => void session.enrolPasskey(t.passkeys.firstName)}>
            {t.passkeys.instead}
          </Button>
        </div>
      ) : null}
    </Frame>
  );
}

export interface RecoveryProps {
  readonly state: SignInState;
  readonly codes: readonly string[];
  readonly session: Pick<Session, 'codesKept'>;
}

/** The recovery codes, shown once. One goes on only after saying that they are kept. */
export function Recovery({ state, codes, session }: RecoveryProps) {
  const t = clinicWords.t;
  const [kept, setKept] = useState(false);
  const lockoutS = useLockout(state.refusal);
  return (
    <Frame title={t.recovery.title} lead={t.recovery.lead} focusHeading>
      <RefusalBanner refusal={state.refusal} lockoutS={lockoutS} />
      <section class="clinic-printed" aria-label={t.recovery.list}>
        <p class="clinic-printed__title">{t.recovery.printTitle}</p>
        <ol role="list" class="clinic-codes">
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ol>
      </section>
      <div class="clinic-row">
        <Button icon={IconCopy} onClick={() => void copyText(codes.join('\n'))}>
          {t.recovery.copy}
        </Button>
        <Button onClick={() => window.print()}>{t.recovery.print}</Button>
      </div>
      <CheckField label={t.recovery.kept} checked={kept} onChecked={setKept} />
      <Button
        kind="primary"
        scale="large"
        wide
        busy={state.busy}
        disabled={!kept}
        onClick={() => void session.codesKept()}
      >
        {t.recovery.done}
      </Button>
    </Frame>
  );
}
