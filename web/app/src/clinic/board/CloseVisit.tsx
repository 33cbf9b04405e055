/** Closing a visit from the board: what happened, said once and for good. */
import { useState } from 'preact/hooks';
import type { BoardVisit } from '@bedside/client';
import { Banner, Button, ChoiceField, Dialog, toast } from '../../ui';
import { useDeed } from '../deed';
import { clinicWords } from '../i18n';
import { outcomesFor, type Outcome } from '../model/board';
import { errorText, nameOf } from '../words';
import { useClinic } from './actions';

export interface CloseVisitProps {
  readonly visit: BoardVisit;
  readonly onClose: () => void;
}

export function CloseVisit({ visit, onClose }: CloseVisitProps) {
  const t = clinicWords.t;
  const { actions } = useClinic();
  const offered = outcomesFor(visit);
  const [chosen, setChosen] = useState<Outcome | null>(offered.length === 1 ? (offered[0] ?? null) : null);
  const closing = useDeed();
  // The patient came but there was no call: say why "no-show" is not among the choices.
  const cameInVain = visit.state === 'open' && !offered.includes('no_show');

  const submit = () => {
    if (chosen === null) return;
    closing.run(
      () => actions.close(visit.visit, chosen),
      () => {
        toast(t.outcome.closed, 'ok');
        onClose();
      },
    );
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={t.outcome.title(nameOf(visit))}
      closeLabel={t.common.close}
      actions={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="danger" busy={closing.busy} disabled={chosen === null} onClick={submit}>
            {t.outcome.submit}
          </Button>
        </>
      }
    >
      {closing.refused ? (
        <Banner tone="danger" live="assertive">
          {closing.refused === 'not_a_no_show' ? t.outcome.notANoShow : errorText(closing.refused)}
        </Banner>
      ) : cameInVain ? (
        <Banner>{t.outcome.notANoShow}</Banner>
      ) : null}
      <ChoiceField
        label={t.outcome.title(nameOf(visit))}
        quietLabel
        value={chosen}
        onValue={setChosen}
        options={offered.map((value) => ({ value, label: t.outcome[value], hint: t.outcome[`${value}Hint`] }))}
      />
      <p class="clinic-soft">{t.outcome.final}</p>
    </Dialog>
  );
}
