/** Chooses the screen for where signing in stands. */
import { Banner, Button, Skeleton } from '../../ui';
import { clinicWords } from '../i18n';
import type { Session } from '../session';
import { Code } from './Code';
import { Enrol, Recovery } from './Enrol';
import { Frame } from './Frame';
import { Link, NewPassword } from './Link';
import { Password } from './Password';

export interface SignInProps {
  readonly session: Session;
}

/** Everything before the board. Draws nothing once somebody is in. */
export function SignIn({ session }: SignInProps) {
  const t = clinicWords.t;
  const state = session.state.value;
  const { stage } = state;
  switch (stage.at) {
    case 'starting':
      return (
        <main class="clinic-door">
          <h1 class="ui-hidden">{t.signIn.title}</h1>
          <div class="clinic-door__card" role="status" aria-label={t.common.loading}>
            <Skeleton width={40} />
            <Skeleton />
            <Skeleton width={70} />
          </div>
        </main>
      );
    case 'unreachable':
      return (
        <Frame title={t.start.unreachable}>
          <Banner
            tone="warn"
            live="polite"
            actions={
              <Button busy={state.busy} onClick={() => void session.start(null)}>
                {t.common.tryAgain}
              </Button>
            }
          >
            {t.start.unreachableHint}
          </Banner>
        </Frame>
      );
    case 'password':
      return <Password state={state} notice={stage.notice} session={session} />;
    case 'code':
      return <Code state={state} session={session} factors={stage.factors} />;
    case 'link':
      return <Link state={state} session={session} />;
    case 'new_password':
      return <NewPassword state={state} session={session} />;
    case 'enrol':
      return <Enrol state={state} mfa={stage.mfa} session={session} />;
    case 'recovery':
      return <Recovery state={state} codes={stage.codes} session={session} />;
    case 'in':
      return null;
  }
}
