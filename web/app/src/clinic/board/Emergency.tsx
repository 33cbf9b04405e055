/** Restricted visits of others: the question before one is opened in an emergency, and how long it is open. */
import { useId, useState } from 'preact/hooks';
import type { BoardVisit, EmergencyOpened } from '@bedside/client';
import { timestampToDate } from '@bedside/client/clinic';
import { formatTime } from '../../i18n';
import { announce, Banner, Button, Dialog, TextArea } from '../../ui';
import { useDeed } from '../deed';
import { clinicWords } from '../i18n';
import { reasonFault, type ReasonFault } from '../model/reason';
import { errorText } from '../words';
import { useClinic } from './actions';

export interface EmergencyDialogProps {
  /** Which visit. */
  readonly visit: string;
  /** Whose it is; empty when the board does not know it. */
  readonly host: string;
  readonly onClose: () => void;
  readonly onOpened: (opened: EmergencyOpened) => void;
  /** A reason typed already. */
  readonly start?: string;
}

/** Says what will happen, asks why, and opens the visit. */
export function EmergencyDialog({ visit, host, onClose, onOpened, start = '' }: EmergencyDialogProps) {
  const t = clinicWords.t;
  const { actions } = useClinic();
  const [reason, setReason] = useState(start);
  const [fault, setFault] = useState<ReasonFault | null>(null);
  const opening = useDeed();
  const form = useId();
  const words = t.restricted;

  const submit = (event: Event) => {
    event.preventDefault();
    const found = reasonFault(reason);
    setFault(found);
    if (found !== null) return;
    opening.run(
      () => actions.emergency(visit, reason.trim()),
      (opened) => {
        announce(untilText(opened.ends_at));
        onOpened(opened);
      },
    );
  };

  const refused = opening.refused === null || opening.field === 'reason' ? null : opening.refused;
  return (
    <Dialog
      open
      onClose={onClose}
      title={host === '' ? words.titleUnknown : words.title(host)}
      closeLabel={t.common.close}
      actions={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="danger" type="submit" form={form} busy={opening.busy}>
            {words.submit}
          </Button>
        </>
      }
    >
      <p>
        <strong>{words.lead}</strong>
      </p>
      <ul class="clinic-list">
        {words.facts.map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
      </ul>
      {refused ? (
        <Banner tone="danger" live="assertive">
          {refused === 'wrong_state' ? words.already : errorText(refused)}
        </Banner>
      ) : null}
      <form id={form} noValidate onSubmit={submit}>
        <TextArea
          label={words.reason}
          hint={words.reasonHint}
          rows={3}
          autofocus
          value={reason}
          onValue={setReason}
          error={fault ? words.reasonFault[fault] : opening.field === 'reason' ? words.reasonFault.short : undefined}
        />
      </form>
    </Dialog>
  );
}

/** Says until when one is let in, if it is by emergency access. */
export function EmergencyBanner({ visit }: { visit: BoardVisit }) {
  const until = visit.emergency_until;
  return until === undefined ? null : <Banner tone="warn">{untilText(until)}</Banner>;
}

function untilText(until: number): string {
  return clinicWords.t.restricted.until(formatTime(timestampToDate(until)));
}
