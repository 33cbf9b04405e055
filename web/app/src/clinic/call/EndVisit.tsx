/** The end of a call: for everybody, with what came of it, or only for oneself. */
import { useState } from 'preact/hooks';
import type { BoardVisit, VisitClient } from '@bedside/client';
import { Banner, Button, ChoiceField, Dialog, IconEnd, IconLeave } from '../../ui';
import { useDeed } from '../deed';
import { clinicWords } from '../i18n';
import { outcomesFor, type Outcome } from '../model/board';
import { errorText } from '../words';

export interface EndVisitProps {
  readonly client: VisitClient;
  /** The visit as the board knows it; what it may end as follows from it. */
  readonly visit: BoardVisit | undefined;
  readonly onLeave: () => void;
  /** Shows the question from the start. */
  readonly startOpen?: boolean;
}

/** The button in the head, and the question behind it. */
export function EndVisit({ client, visit, onLeave, startOpen = false }: EndVisitProps) {
  const t = clinicWords.t;
  const [asking, setAsking] = useState(startOpen);
  const outcomes = visit ? outcomesFor(visit) : [];
  const mayEnd = outcomes.length > 0;
  return (
    <>
      <Button
        kind="danger"
        icon={mayEnd ? IconEnd : IconLeave}
        aria-label={mayEnd ? t.call.end : t.call.leave}
        onClick={() => setAsking(true)}
      >
        <span class="clinic-wide-only">{mayEnd ? t.call.end : t.call.leave}</span>
        <span class="clinic-narrow-only">{mayEnd ? t.call.endShort : t.call.leave}</span>
      </Button>
      {asking ? (
        <EndDialog client={client} outcomes={outcomes} onLeave={onLeave} onStay={() => setAsking(false)} />
      ) : null}
    </>
  );
}

export interface EndDialogProps {
  readonly client: VisitClient;
  readonly outcomes: readonly Outcome[];
  readonly onLeave: () => void;
  readonly onStay: () => void;
}

/** The question alone. */
export function EndDialog({ client, outcomes, onLeave, onStay }: EndDialogProps) {
  const t = clinicWords.t;
  // Only "it took place" is likely enough to be chosen beforehand; the others are said on purpose.
  const [chosen, setChosen] = useState<Outcome | null>(outcomes.includes('done') ? 'done' : null);
  const ending = useDeed();
  const mayEnd = outcomes.length > 0;
  return (
    <Dialog
      open
      onClose={onStay}
      title={mayEnd ? t.call.endTitle : t.call.leaveTitle}
      closeLabel={t.call.stay}
      actions={
        <>
          <Button autofocus onClick={onStay}>
            {t.call.stay}
          </Button>
          <Button kind={mayEnd ? 'secondary' : 'danger'} onClick={onLeave}>
            {mayEnd ? t.call.justLeave : t.call.leave}
          </Button>
          {mayEnd ? (
            <Button
              kind="danger"
              busy={ending.busy}
              disabled={chosen === null}
              onClick={() => chosen && ending.run(() => client.end(chosen))}
            >
              {t.call.end}
            </Button>
          ) : null}
        </>
      }
    >
      {ending.refused ? (
        <Banner tone="danger" live="assertive">
          {ending.refused === 'not_a_no_show' ? t.outcome.notANoShow : errorText(ending.refused)}
        </Banner>
      ) : null}
      {mayEnd ? (
        <>
          <p>{t.call.endBody}</p>
          <ChoiceField
            label={t.call.endTitle}
            quietLabel
            value={chosen}
            onValue={setChosen}
            options={outcomes.map((value) => ({ value, label: t.outcome[value], hint: t.outcome[`${value}Hint`] }))}
          />
        </>
      ) : null}
      <p class="clinic-soft">{mayEnd ? t.call.justLeaveHint : t.call.leaveHint}</p>
    </Dialog>
  );
}
