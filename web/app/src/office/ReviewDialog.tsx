/** One review: what was found, and words for it. */
import { useId, useState } from 'preact/hooks';
import type { Emergency } from '@bedside/client';
import { useDeed } from '../clinic/deed';
import { clinicWords } from '../clinic/i18n';
import { reasonFault, type ReasonFault } from '../clinic/model/reason';
import { codeOf } from '../clinic/session';
import { Banner, Button, ChoiceField, Dialog } from '../ui';
import { useOffice } from './context';
import { Reason, RefusedFor } from './parts';
import { officeWords } from './words';

export interface Verdict {
  readonly justified: boolean;
  readonly note: string;
}

export interface ReviewDialogProps {
  readonly of: Emergency;
  readonly onClose: () => void;
  readonly onSaved: (verdict: Verdict) => void;
  /** Somebody else was faster. */
  readonly onOvertaken: () => void;
}

export function ReviewDialog({ of, onClose, onSaved, onOvertaken }: ReviewDialogProps) {
  const t = officeWords.t.reviews;
  const { api } = useOffice();
  const [found, setFound] = useState<'justified' | 'not_justified' | null>(null);
  const [note, setNote] = useState('');
  const [tried, setTried] = useState(false);
  const saving = useDeed();
  const form = useId();
  const fault = noteFault(found === 'not_justified', note);

  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (found === null || fault !== null) return;
    const verdict = { justified: found === 'justified', note: note.trim() };
    saving.run(
      () =>
        api.reviewEmergency(of.id, verdict).then(
          () => true,
          (caught: unknown) => {
            if (codeOf(caught) === 'wrong_state') return false;
            throw caught;
          },
        ),
      (first) => (first ? onSaved(verdict) : onOvertaken()),
    );
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={t.title}
      closeLabel={clinicWords.t.common.close}
      actions={
        <>
          <Button onClick={onClose}>{clinicWords.t.common.cancel}</Button>
          <Button kind="primary" type="submit" form={form} busy={saving.busy}>
            {t.submit}
          </Button>
        </>
      }
    >
      <p>{t.opened(of.person, of.host_name)}</p>
      {of.reason === '' ? null : <blockquote class="office-quote">{of.reason}</blockquote>}
      <form id={form} class="clinic-form" noValidate onSubmit={submit}>
        <RefusedFor deed={saving} fields={['note']} />
        <ChoiceField
          label={t.verdict}
          value={found}
          onValue={setFound}
          options={[
            { value: 'justified', label: t.justified, hint: t.justifiedHint },
            { value: 'not_justified', label: t.notJustified, hint: t.notJustifiedHint },
          ]}
        />
        {tried && found === null ? (
          <Banner tone="danger" live="assertive">
            {t.choose}
          </Banner>
        ) : null}
        <Reason
          label={t.note}
          hint={found === 'not_justified' ? t.noteNeeded : t.noteHint}
          value={note}
          onValue={setNote}
          fault={tried ? (fault ?? (saving.field === 'note' ? 'short' : null)) : null}
        />
        <p class="clinic-soft">{t.final}</p>
      </form>
    </Dialog>
  );
}

/** What was not justified needs words: what follows is built on them. */
function noteFault(needed: boolean, note: string): ReasonFault | null {
  const fault = reasonFault(note);
  return fault === 'short' && !needed ? null : fault;
}
