/** The new-visit dialog: a name and Enter are enough; then the invitation stands in its place. */
import { useId, useRef, useState } from 'preact/hooks';
import type { BoardVisit, VisitCreated } from '@bedside/client';
import { MAX_VISIT_MIN, MIN_VISIT_MIN } from '@bedside/client/protocol';
import { LANGUAGES, LANGUAGE_NAMES, languageOf, locale } from '../../i18n';
import { Banner, Button, CheckField, ChoiceField, Dialog, SelectField, TextArea, TextField } from '../../ui';
import { useDeed } from '../deed';
import { clinicWords } from '../i18n';
import {
  emptyDraft,
  faultsOf,
  requestOf,
  tidy,
  type Faults,
  type VisitDraft,
  type VisitField,
} from '../model/visit-form';
import { errorText } from '../words';
import { useClinic } from './actions';
import { ClinicianField } from './clinicians';
import { InvitationCard } from './InvitationCard';

export interface NewVisitProps {
  readonly onClose: () => void;
  /** Goes into the room of the visit just made. */
  readonly onEnter: (visit: BoardVisit) => void;
  /** Lets a synthetic patient come to the visit just made. */
  readonly onSynthetic: (visit: BoardVisit) => void;
  /** The local time that the form starts from; the machine's by default. */
  readonly now?: () => Date;
  /** A form partly filled, and faults to begin with. */
  readonly start?: { readonly draft?: Partial<VisitDraft>; readonly faults?: Faults; readonly unfolded?: boolean };
}

export function NewVisit({ onClose, onEnter, onSynthetic, now = () => new Date(), start = {} }: NewVisitProps) {
  const t = clinicWords.t;
  const { me, actions } = useClinic();
  const [draft, setDraft] = useState<VisitDraft>(() => ({ ...emptyDraft(now(), languageOf(locale.value)), ...start.draft }));
  const [faults, setFaults] = useState<Faults>(start.faults ?? {});
  const [made, setMade] = useState<VisitCreated | null>(null);
  const booking = useDeed();
  // Reception books for somebody; everybody else for themselves, unless they say so.
  const forOthers = me.role === 'staff';
  const form = useId();
  const box = useRef<HTMLFormElement>(null);

  const set = (change: Partial<VisitDraft>) => setDraft((before) => ({ ...before, ...change }));
  const faultText = (field: VisitField) => {
    const fault = faults[field] ?? (booking.field === field ? 'refused' : undefined);
    return fault === undefined ? undefined : t.newVisit.fault[fault];
  };

  const submit = (event: Event) => {
    event.preventDefault();
    const found = faultsOf(draft, now(), forOthers);
    setFaults(found);
    if (Object.keys(found).length > 0) {
      // After the next drawing, when the fields are marked.
      requestAnimationFrame(() => showFirstFault(box.current));
      return;
    }
    booking.run(() => actions.book(requestOf(draft, now())), setMade);
  };

  if (made) {
    return (
      <InvitationDialog
        made={made}
        name={tidy(draft.name)}
        mailWanted={draft.email.trim() !== ''}
        onClose={onClose}
        onEnter={() => onEnter(made.visit)}
        onSynthetic={() => onSynthetic(made.visit)}
      />
    );
  }

  const atFault = (field: VisitField) => faultText(field) !== undefined;
  const folded = FOLDED.some(atFault) || (!forOthers && atFault('host'));
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.newVisit.title}
      closeLabel={t.common.close}
      actions={
        <>
          <Button onClick={onClose}>{t.common.cancel}</Button>
          <Button kind="primary" type="submit" form={form} busy={booking.busy}>
            {booking.busy ? t.newVisit.creating : draft.email.trim() === '' ? t.newVisit.create : t.newVisit.createAndSend}
          </Button>
        </>
      }
    >
      <form id={form} ref={box} class="clinic-form" noValidate onSubmit={submit}>
        {booking.refused && !booking.field ? (
          <Banner tone="danger" live="assertive">
            {errorText(booking.refused)}
          </Banner>
        ) : null}
        <TextField
          label={t.newVisit.name}
          hint={t.newVisit.nameHint}
          // The browser must not remember patients.
          autocomplete="off"
          autocapitalize="words"
          spellcheck={false}
          autofocus
          value={draft.name}
          onValue={(name) => set({ name })}
          error={faultText('patient_name')}
        />
        {forOthers ? <Host draft={draft} set={set} faultText={faultText} /> : null}
        <ChoiceField
          label={t.newVisit.when}
          flow="row"
          value={draft.when}
          onValue={(when) => set({ when })}
          options={[
            { value: 'now', label: t.newVisit.now },
            { value: 'later', label: t.newVisit.later },
          ]}
        />
        {draft.when === 'later' ? (
          <div class="clinic-columns">
            <TextField label={t.newVisit.date} type="date" value={draft.date} onValue={(date) => set({ date })} error={faultText('scheduled_at')} />
            <TextField label={t.newVisit.time} type="time" value={draft.time} onValue={(time) => set({ time })} />
          </div>
        ) : null}
        {me.mail ? (
          <TextField
            label={t.newVisit.email}
            hint={t.newVisit.emailHint}
            type="email"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            value={draft.email}
            onValue={(email) => set({ email })}
            error={faultText('patient_email')}
          />
        ) : null}
        <CheckField
          label={forOthers || draft.host !== '' ? t.restricted.chooseFor : t.restricted.choose}
          {...(draft.restricted ? { hint: t.restricted.chooseHint } : {})}
          checked={draft.restricted}
          onChecked={(restricted) => set({ restricted })}
        />
        <details class="clinic-fold" open={start.unfolded === true || folded}>
          <summary>{t.newVisit.options}</summary>
          <Options draft={draft} set={set} faultText={faultText} forOthers={forOthers} />
        </details>
      </form>
    </Dialog>
  );
}

/** Fields that stand under "More options". */
const FOLDED: readonly VisitField[] = ['patient_birth_date', 'duration_min', 'note'];

interface PartProps {
  readonly draft: VisitDraft;
  readonly set: (change: Partial<VisitDraft>) => void;
  readonly faultText: (field: VisitField) => string | undefined;
}

/** Whose visit it is. */
function Host({ draft, set, faultText }: PartProps) {
  const t = clinicWords.t.newVisit;
  const { me } = useClinic();
  const forOthers = me.role === 'staff';
  return (
    <ClinicianField
      label={t.host}
      value={draft.host}
      onValue={(host) => set({ host })}
      error={faultText('host')}
      empty={forOthers ? t.hostChoose : t.hostMe(me.name)}
      without={forOthers ? [] : [me.name]}
      takeOnly={forOthers}
    />
  );
}

function Options({ draft, set, faultText, forOthers }: PartProps & { readonly forOthers: boolean }) {
  const t = clinicWords.t.newVisit;
  return (
    <div class="clinic-form">
      <TextField
        label={t.birthDate}
        hint={t.birthHint}
        type="date"
        autocomplete="off"
        value={draft.birthDate}
        onValue={(birthDate) => set({ birthDate })}
        error={faultText('patient_birth_date')}
      />
      <div>
        <CheckField label={t.recording} checked={draft.askRecording} onChecked={(askRecording) => set({ askRecording })} />
        <CheckField label={t.captions} checked={draft.askCaptions} onChecked={(askCaptions) => set({ askCaptions })} />
      </div>
      <div class="clinic-columns">
        <TextField
          label={t.duration}
          type="number"
          min={MIN_VISIT_MIN}
          max={MAX_VISIT_MIN}
          step={5}
          inputMode="numeric"
          value={draft.durationMin}
          onValue={(durationMin) => set({ durationMin })}
          error={faultText('duration_min')}
        />
        <SelectField
          label={t.language}
          value={draft.locale}
          onValue={(to) => set({ locale: to })}
          options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
        />
      </div>
      {forOthers ? null : <Host draft={draft} set={set} faultText={faultText} />}
      <TextArea label={t.note} hint={t.noteHint} value={draft.note} onValue={(note) => set({ note })} error={faultText('note')} />
    </div>
  );
}

interface InvitationDialogProps {
  readonly made: VisitCreated;
  /** The patient's name as typed: whoever books a restricted visit for a colleague is not shown it again. */
  readonly name: string;
  readonly mailWanted: boolean;
  readonly onClose: () => void;
  readonly onEnter: () => void;
  readonly onSynthetic: () => void;
}

/** What comes after "Create": the link, and the way into the room. */
export function InvitationDialog({ made, name, mailWanted, onClose, onEnter, onSynthetic }: InvitationDialogProps) {
  const t = clinicWords.t;
  return (
    <Dialog
      open
      shape="wide"
      onClose={onClose}
      title={t.invitation.title}
      closeLabel={t.common.close}
      actions={
        <>
          <Button onClick={onClose}>{t.invitation.done}</Button>
          {made.visit.mine ? <Button onClick={onEnter}>{t.invitation.enter}</Button> : null}
        </>
      }
    >
      <InvitationCard
        invitation={made.invitation}
        lead={
          made.visit.mine
            ? t.invitation.ready(name)
            : t.invitation.readyWith(name, made.visit.host_name)
        }
        mailWanted={mailWanted}
        onSynthetic={onSynthetic}
      />
    </Dialog>
  );
}

function showFirstFault(form: HTMLFormElement | null): void {
  form?.querySelector<HTMLElement>('[aria-invalid]')?.focus();
}
