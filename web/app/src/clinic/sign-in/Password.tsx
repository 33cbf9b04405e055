/** First step: e-mail and password. */
import { useState } from 'preact/hooks';
import { Banner, Button, CheckField, TextField } from '../../ui';
import { clinicWords } from '../i18n';
import type { Notice, SignInState } from '../model/sign-in';
import type { Session } from '../session';
import { Frame, RefusalBanner, useFirstFocus, useLockout } from './Frame';

export interface PasswordProps {
  readonly state: SignInState;
  readonly notice: Notice | null;
  readonly session: Pick<Session, 'password' | 'passkey' | 'sso'>;
}

export function Password({ state, notice, session }: PasswordProps) {
  const t = clinicWords.t;
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [visible, setVisible] = useState(false);
  const [missing, setMissing] = useState<'email' | 'password' | null>(null);
  const first = useFirstFocus<HTMLInputElement>();
  const lockoutS = useLockout(state.refusal);

  const submit = (event: Event) => {
    event.preventDefault();
    if (state.busy || lockoutS > 0) return;
    const hole = email.trim() === '' ? 'email' : password === '' ? 'password' : null;
    setMissing(hole);
    if (hole === null) void session.password(email, password);
  };

  const sso = state.ways?.sso;
  const leftBehind = notice === 'signed_out' || notice === 'signed_out_everywhere' ? sso?.sign_out : undefined;
  return (
    <Frame title={t.signIn.title} lead={t.signIn.lead}>
      {notice && !state.refusal ? (
        <Banner tone={notice === 'link_dead' ? 'warn' : 'info'} live="polite">
          {t.signIn.notices[notice]}
        </Banner>
      ) : null}
      {leftBehind ? (
        <p>
          <a href={leftBehind}>{t.passkeys.alsoOut}</a>
        </p>
      ) : null}
      <RefusalBanner refusal={state.refusal} lockoutS={lockoutS} />
      <form class="clinic-form" noValidate onSubmit={submit}>
        <TextField
          label={t.signIn.email}
          type="email"
          name="email"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          value={email}
          onValue={setEmail}
          inputRef={first}
          error={missing === 'email' ? t.signIn.emailMissing : undefined}
        />
        <TextField
          label={t.signIn.password}
          type={visible ? 'text' : 'password'}
          name="password"
          autocomplete="current-password"
          autocapitalize="none"
          spellcheck={false}
          value={password}
          onValue={setPassword}
          error={missing === 'password' ? t.signIn.passwordMissing : undefined}
        />
        <CheckField label={t.signIn.showPassword} checked={visible} onChecked={setVisible} />
        <Button kind="primary" scale="large" wide type="submit" busy={state.busy} disabled={lockoutS > 0}>
          {t.signIn.submit}
        </Button>
      </form>
      {sso ? (
        <Button wide disabled={state.busy || lockoutS > 0} onClick={() => void session.sso()}>
          {sso.label}
        </Button>
      ) : null}
      {state.ways?.passkeys ? (
        <Button wide disabled={state.busy || lockoutS > 0} onClick={() => void session.passkey(true)}>
          {t.passkeys.signIn}
        </Button>
      ) : null}
      <div class="clinic-soft clinic-small clinic-stack">
        <p>{t.signIn.forgot}</p>
        <p>{t.signIn.patientHint}</p>
      </div>
    </Frame>
  );
}
