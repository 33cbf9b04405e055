/** What stands instead of the call when this page cannot be in it: each with the one next step. */
import type { ComponentChildren } from 'preact';
import type { Phase, VisitClient } from '@bedside/client';
import { Button, Spinner, useFocusOn, useValue } from '../../ui';
import { useClinic } from '../board/actions';
import { clinicWords } from '../i18n';
import { opensInEmergency } from '../model/board';
import { errorText } from '../words';

export interface OverProps {
  readonly client: VisitClient;
  readonly phase: Phase;
  readonly onBoard: () => void;
}

export function Over({ client, phase, onBoard }: OverProps) {
  const t = clinicWords.t.call;
  const failure = useValue(client.failure);
  const { me, actions, inVisit } = useClinic();
  const toBoard = (kind: 'primary' | 'secondary') => (
    <Button kind={kind} onClick={onBoard}>
      {t.backToBoard}
    </Button>
  );
  switch (phase) {
    case 'taken_over':
      return (
        <Message
          title={t.takenOver}
          actions={
            <>
              {toBoard('secondary')}
              <Button kind="primary" onClick={() => client.takeBack()}>
                {t.takeBack}
              </Button>
            </>
          }
        >
          {t.takenOverBody}
        </Message>
      );
    case 'removed':
      return (
        <Message title={t.removed} actions={toBoard('primary')}>
          {t.removedBody}
        </Message>
      );
    case 'refused':
      if (failure?.code === 'emergency_needed' && inVisit !== null && opensInEmergency(me)) {
        return (
          <Message
            title={t.refused}
            actions={
              <>
                {toBoard('primary')}
                <Button onClick={() => actions.askEmergency(inVisit)}>{clinicWords.t.restricted.open}</Button>
              </>
            }
          >
            {errorText(failure.code)}
          </Message>
        );
      }
      return (
        <Message title={t.refused} actions={toBoard('primary')}>
          {errorText(failure?.code ?? 'internal')}
        </Message>
      );
    case 'closing':
      return (
        <Message busy title={t.closing} actions={toBoard('secondary')}>
          {t.closingBody}
        </Message>
      );
    default:
      return <Message busy title={t.connecting} actions={toBoard('secondary')} />;
  }
}

interface MessageProps {
  readonly title: string;
  /** It goes on by itself. */
  readonly busy?: boolean;
  readonly children?: ComponentChildren;
  readonly actions: ComponentChildren;
}

function Message({ title, busy = false, children, actions }: MessageProps) {
  const heading = useFocusOn<HTMLHeadingElement>(title);
  return (
    <main class="clinic-middle">
      {busy ? <Spinner /> : null}
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children ? <p class="clinic-soft">{children}</p> : null}
      <div class="clinic-row">{actions}</div>
    </main>
  );
}
