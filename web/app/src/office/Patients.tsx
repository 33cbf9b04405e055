/** One patient over all visits: find, hand out, hold, erase. */
import { useId, useState } from 'preact/hooks';
import type { FindPatient, Patient, Patients as Found } from '@bedside/client';
import { useDeed } from '../clinic/deed';
import { isEmail } from '../clinic/model/visit-form';
import { showLog } from '../clinic/places';
import { Badge, Banner, Button, EmptyState, IconDownload, TextField, toast } from '../ui';
import { useOffice } from './context';
import { ErasePatient, HoldPatient, LiftHold } from './PatientDialogs';
import { Refused, keepFile, useGoOn } from './parts';
import { birthText, dayText, officeWords } from './words';

const NOTHING: FindPatient = { name: '', email: '', birth_date: '' };

export interface PatientsProps {
  /** A hold was placed or lifted. */
  readonly onHolds: () => void;
  /** What was found last; null before the first search. */
  readonly found: Found | null;
  readonly onFound: (found: Found) => void;
}

export function Patients({ onHolds, found, onFound }: PatientsProps) {
  const t = officeWords.t.kept;
  const { api } = useOffice();
  const [asked, setAsked] = useState(NOTHING);
  const [fault, setFault] = useState<'nothing' | 'email' | null>(null);
  const finding = useDeed();
  const goOn = useGoOn();
  const set = (change: Partial<FindPatient>) => setAsked({ ...asked, ...change });

  const submit = (event: Event) => {
    event.preventDefault();
    const request = { name: asked.name.trim(), email: asked.email.trim(), birth_date: asked.birth_date };
    const empty = request.name === '' && request.email === '' && request.birth_date === '';
    const wrong = empty ? 'nothing' : request.email !== '' && !isEmail(request.email) ? 'email' : null;
    setFault(wrong);
    if (wrong === null) finding.run(() => api.findPatients(request), onFound);
  };

  return (
    <section class="clinic-section" aria-labelledby="patients">
      <h2 id="patients" ref={goOn.ref} tabIndex={-1}>{t.patientsTitle}</h2>
      <p class="clinic-soft">{t.patientsLead}</p>
      <form class="clinic-stack" noValidate onSubmit={submit}>
        <div class="clinic-columns">
          {/* The browser must not remember patients. */}
          <TextField
            label={t.findName}
            autocomplete="off"
            spellcheck={false}
            value={asked.name}
            onValue={(name) => set({ name })}
            error={fault === 'nothing' ? t.findNothing : undefined}
          />
          <TextField
            label={t.findEmail}
            type="email"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            value={asked.email}
            onValue={(email) => set({ email })}
            error={fault === 'email' ? t.findEmailOdd : undefined}
          />
          <TextField label={t.findBirth} type="date" autocomplete="off" value={asked.birth_date} onValue={(birth_date) => set({ birth_date })} />
        </div>
        <Refused code={finding.refused} />
        <div class="clinic-row">
          <Button type="submit" busy={finding.busy}>
            {t.find}
          </Button>
        </div>
      </form>
      {found === null ? null : (
        <FoundPatients
          found={found}
          onChanged={(patients) => {
            onFound({ ...found, patients });
            goOn.here();
            onHolds();
          }}
        />
      )}
    </section>
  );
}

type What = 'hold' | 'lift' | 'erase';
type Open = { readonly what: What; readonly patient: Patient } | null;

interface FoundProps {
  readonly found: Found;
  readonly onChanged: (patients: Patient[]) => void;
}

function FoundPatients({ found: { patients, more }, onChanged }: FoundProps) {
  const t = officeWords.t.kept;
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const held = (patient: Patient, now: boolean) => {
    close();
    onChanged(patients.map((one) => (one.id === patient.id ? { ...one, held: now } : one)));
  };
  const erased = (patient: Patient) => {
    close();
    onChanged(patients.filter((one) => one.id !== patient.id));
  };
  if (patients.length === 0) return <EmptyState title={t.noneTitle}>{t.noneBody}</EmptyState>;
  return (
    <>
      <ul role="list" class="office-rows">
        {patients.map((patient) => (
          <li key={patient.id} class="office-row">
            <OnePatient patient={patient} onOpen={(what) => setOpen({ what, patient })} />
          </li>
        ))}
      </ul>
      {more ? <Banner live="polite">{t.more}</Banner> : null}
      {open?.what === 'hold' ? <HoldPatient patient={open.patient} onClose={close} onDone={() => held(open.patient, true)} /> : null}
      {open?.what === 'lift' ? (
        <LiftHold patient={open.patient.id} name={open.patient.name} onClose={close} onDone={() => held(open.patient, false)} />
      ) : null}
      {open?.what === 'erase' ? <ErasePatient patient={open.patient} onClose={close} onDone={() => erased(open.patient)} /> : null}
    </>
  );
}

interface OnePatientProps {
  readonly patient: Patient;
  readonly onOpen: (what: What) => void;
}

function OnePatient({ patient, onOpen }: OnePatientProps) {
  const t = officeWords.t.kept;
  const { api } = useOffice();
  const exporting = useDeed();
  const id = useId();
  const { name } = patient;
  const take = () =>
    exporting.run(
      () => api.exportPatient(patient.id),
      (file) => {
        keepFile(file);
        toast(t.exported, 'ok');
      },
    );
  return (
    <>
      <div class="office-row__what">
        <h3 id={id} class="office-name">
          {name}
        </h3>
        <p class="clinic-facts">
          {patient.held ? <Badge tone="warn">{t.held}</Badge> : null}
          {patient.birth_date === '' ? null : <span class="clinic-soft clinic-small">{t.born(birthText(patient.birth_date))}</span>}
          {patient.email === '' ? null : <span class="clinic-soft clinic-small office-address">{patient.email}</span>}
          <span class="clinic-soft clinic-small">{`${t.visits(patient.visits)}, ${t.last(dayText(patient.last_visit_at))}`}</span>
        </p>
        <Refused code={exporting.refused} />
      </div>
      <div class="office-row__do">
        <Button kind="quiet" aria-label={t.inLogNamed(name)} onClick={() => showLog({ patient: patient.id, called: name })}>
          {t.inLog}
        </Button>
        <Button icon={IconDownload} busy={exporting.busy} aria-label={t.exportNamed(name)} onClick={take}>
          {t.export}
        </Button>
        {patient.held ? (
          <Button aria-label={t.liftNamed(name)} onClick={() => onOpen('lift')}>
            {t.lift}
          </Button>
        ) : (
          <>
            <Button aria-label={t.holdNamed(name)} onClick={() => onOpen('hold')}>
              {t.hold}
            </Button>
            <Button aria-label={t.eraseNamed(name)} onClick={() => onOpen('erase')}>
              {t.erase}
            </Button>
          </>
        )}
      </div>
    </>
  );
}
