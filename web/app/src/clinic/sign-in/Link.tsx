/** The one-time link: used by a press, never by the mere opening of the page; then a new password. */
import { useState } from 'preact/hooks';
import { Button, CheckField, TextField } from '../../ui';
import { clinicWords } from '../i18n';
import { MIN_PASSWORD_CHARS, type SignInState } from '../model/sign-in';
import type { Session } from '../session';
import { Frame, RefusalBanner, useFirstFocus, useLockout } from './Frame';

export interface LinkProps {
  readonly state: SignInState;
  readonly session: Pick<Session, 'link'>;
}

/** The page with the button. Programs that fetch links out of mails do not press it. */
export function Link({ state, session }: LinkProps) {
  const t = clinicWords.t;
  const first = useFirstFocus<HTMLButtonElement>();
  const lockoutS = useLockout(state.refusal);
  return (
    <Frame title={t.signIn.linkTitle} lead={t.signIn.linkLead}>
      <RefusalBanner refusal={state.refusal} lockoutS={lockoutS} />
      <Button
        kind="primary"
        scale="large"
        wide
        buttonRef={first}
        busy={state.busy}
        disabled={lockoutS > 0}
        onClick={() => void session.link()}
      >
        {t.signIn.linkSubmit}
      </Button>
    </Frame>
  );
}

/** A new password, when the link is an invitation or a reset. */
export function NewPassword({ state, session }: LinkProps) {
  const t = clinicWords.t;
  const [password, setPassword] = useState('');
  const [visible, setVisible] = useState(false);
  const [short, setShort] = useState(false);
  const first = useFirstFocus<HTMLInputElement>();
  const lockoutS = useLockout(state.refusal);

  const submit = (event: Event) => {
    event.preventDefault();
    if (state.busy || lockoutS > 0) return;
    const bad = [...password].length < MIN_PASSWORD_CHARS;
    setShort(bad);
    if (!bad) void session.link(password);
  };

  return (
    <Frame title={t.signIn.newPasswordTitle} lead={t.signIn.newPasswordLead}>
      <RefusalBanner refusal={state.refusal} lockoutS={lockoutS} />
      <form class="clinic-form" noValidate onSubmit={submit}>
        <TextField
          label={t.signIn.newPassword}
          hint={t.signIn.newPasswordHint(MIN_PASSWORD_CHARS)}
          type={visible ? 'text' : 'password'}
          name="new-password"
          autocomplete="new-password"
          autocapitalize="none"
          spellcheck={false}
          value={password}
          onValue={setPassword}
          inputRef={first}
          error={short ? t.signIn.passwordTooShort(MIN_PASSWORD_CHARS) : undefined}
        />
        <CheckField label={t.signIn.showPassword} checked={visible} onChecked={setVisible} />
        <Button kind="primary" scale="large" wide type="submit" busy={state.busy} disabled={lockoutS > 0}>
          {t.signIn.newPasswordSubmit}
        </Button>
      </form>
    </Frame>
  );
}
