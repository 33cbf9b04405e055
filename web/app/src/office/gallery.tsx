/** Every page and state of the office, on typed stand-ins. */
import type { JSX } from 'preact';
import { BedsideError } from '@bedside/client/clinic';
import type { GalleryArea } from '../../gallery/area';
import { NOW_US, me, min } from '../../gallery/fixtures';
import { account, entry, officeDouble, opening, patient, retention, system } from '../../gallery/office';
import '../clinic/clinic.css';
import { clinicWords } from '../clinic/i18n';
import { showLog, type OfficePage } from '../clinic/places';
import { AddPerson } from './AddPerson';
import { OfficeContext, type OfficeApi } from './context';
import { ExportLog } from './ExportLog';
import { LinkDialog } from './LinkDialog';
import { LogEntry } from './LogEntry';
import { Office } from './Office';
import { ErasePatient, HoldPatient, LiftHold } from './PatientDialogs';
import { Patients } from './Patients';
import { PersonDialog } from './PersonDialog';
import { ReviewDialog } from './ReviewDialog';
import { Rules } from './Rules';
import { draftOf } from './rules';
import { auditWords, officeWords, systemWords } from './words';

const nothing = () => {};
const never = () => new Promise<never>(nothing);
const gone = () => Promise.reject(new BedsideError('offline'));

const PEOPLE = [
  account({ id: 'imani', name: 'Dr. Imani Okoye', email: 'imani@clinic.example', role: 'admin', me: true, sessions: 2 }),
  account(),
  account({ id: 'mateo', name: 'Dr. Mateo Fernández de la Vega y Zárate', email: 'mateo.fernandez.de.la.vega@harbour-street.example', has_second_factor: false, by_provider: true, sessions: 0 }),
  account({ id: 'ola', name: 'Ola Berg', email: 'ola@clinic.example', role: 'officer', sessions: 0 }),
  account({ id: 'sam', name: 'Sam Reyes', email: 'front@clinic.example', role: 'staff', active: false, sessions: 0 }),
  account({ id: 'tove', name: 'Tove Lund', email: 'tove@clinic.example', invited: true, has_second_factor: false, sessions: 0 }),
  ...['Uma Patel', 'Viktor Hahn'].map((name, n) => account({ id: `n${n}`, name, email: `n${n}@clinic.example` })),
];

const OPENINGS = [
  opening({ id: 'late', overdue: true, began_at: NOW_US - min(60 * 80), ends_at: NOW_US - min(60 * 79) }),
  opening({ id: 'own', person: 'Ola Berg', mine: true, host_name: 'Dr. Mateo Fernández de la Vega y Zárate' }),
  opening({ id: 'ok', review: { by: 'Ola Berg', at: NOW_US - min(30), justified: true, note: '' } }),
  opening({
    id: 'bad',
    reason: '',
    review: { by: 'Ola Berg', at: NOW_US - min(90), justified: false, note: 'Looked for a neighbour. The head of the ward will talk to them.' },
  }),
];

const YESTERDAY = NOW_US - min(60 * 24);
const OTHER_VISIT = '01JD3V5Q8M7K2N4P6R8T0W93HM';
const ENTRIES = [
  entry({ place: 4711, words: { state: 'open', from: '2001:db8:85a3::8a2e:370:7334', with: 'Firefox 128 on Windows', name: 'Dr. Lena Hartmann-Oyelaran' } }),
  entry({ place: 4710, at: NOW_US - min(4), kind: 'data.audit_viewed', actor: { type: 'staff', id: 'ola' }, visit: null, details: { entries: '100' } }),
  entry({ place: 4709, at: NOW_US - min(9), kind: 'data.patient_viewed', actor: { type: 'staff', id: 'imani' }, visit: OTHER_VISIT, details: { by: 'emergency' }, words: { state: 'open', from: '192.0.2.17', with: 'Safari 18 on iOS', name: 'Dr. Imani Okoye', reason: 'The patient is unconscious and the doctor of the visit is on a plane.' } }),
  entry({ place: 4708, at: NOW_US - min(10), kind: 'auth.sign_in', actor: { type: 'anonymous' }, visit: null, person: 'mateo', refused: 'password' }),
  entry({ place: 4707, at: NOW_US - min(21), kind: 'consent.given', actor: { type: 'seat', id: 'seat' }, seat: 'seat', details: { purpose: 'visit', text: 'visit-2026-11' }, words: { state: 'erased' } }),
  entry({ place: 4706, at: NOW_US - min(22), kind: 'user.role_changed', actor: { type: 'staff', id: 'imani' }, visit: null, person: 'sam', details: { role: 'staff' } }),
  entry({ place: 4705, at: YESTERDAY, kind: 'data.deleted', actor: { type: 'system' }, details: { kind: 'chat', things: '12' } }),
  entry({ place: 4704, at: YESTERDAY - min(1), kind: 'later.invented', actor: { type: 'staff', id: 'gone' }, visit: null }),
];

const WITNESS = { name: 'witness.northern-hospitals.example/bedside', entries: 4_698, signed_at: NOW_US - min(2) };
/** All at once that can be wrong and passes, or is late. */
const LATE = system({
  log: {
    ...system().log,
    witnesses: [
      { ...WITNESS, standing: 'away', signed_at: NOW_US - min(60 * 30) },
      { name: 'witness.a-very-long-name-of-a-university-hospital.example/bedside', standing: 'refused' },
    ],
  },
  keys: { ...system().keys, oldest_in_use: 0, to_rewrap: 310, versions: [{ version: 0, data_keys: 12 }, { version: 2, data_keys: 298 }, { version: 3, data_keys: 906 }] },
  backup: { ...system().backup, drill: { made_at: NOW_US - min(60 * 24 * 45), backup_made_at: NOW_US - min(60 * 24 * 46), took_ms: 95_000, rows: 40_100 }, drill_late: true },
  report: { made_at: NOW_US - min(60 * 24 * 40), proved: 37, attested: 12, not_applicable: 4, open: 10 },
});
/** All at once that is grave. */
const GRAVE = system({
  log: { ...system().log, waiting: 214, trouble: { kind: 'witness_ahead', code: 'audit_witness_ahead', since: NOW_US - min(12) }, witnesses: [{ ...WITNESS, standing: 'ahead' }] },
  keys: { ...system().keys, provider: 'pkcs11', healthy: false, trouble: 'key_unreachable' },
  backup: { newest: { made_at: NOW_US - min(60 * 24 * 5), rows: 47_900, bytes: 31_000_000 }, late: true, drill_late: true },
  not_believed: ['backup', 'report'],
  storage: { database: 'postgres', free_bytes: 120_000_000 },
});
/** Just set up: nothing was done yet. */
const { signed_at: _, ...UNSIGNED } = system().log;
const { report: __, ...UNREPORTED } = system();
const FRESH = {
  ...UNREPORTED,
  started_at: NOW_US - 30_000_000,
  log: { ...UNSIGNED, entries: 2, waiting: 0, witnesses: [] },
  keys: { ...system().keys, current_version: 1, versions: [{ version: 1, data_keys: 0 }] },
  backup: { late: true, drill_late: true },
};

const FILLED: Partial<OfficeApi> = {
  readSystem: () => Promise.resolve(system()),
  whoAmI: () => Promise.resolve({ ...officer, reviews: { open: 2, overdue: 1 } }),
  searchAudit: () => Promise.resolve({ entries: ENTRIES, next: 4704 }),
  listPeople: () => Promise.resolve({ people: PEOPLE, may_change: true }),
  listEmergencies: () => Promise.resolve({ emergencies: OPENINGS, unreviewed: 2 }),
  readRetention: () => Promise.resolve(retention()),
};

const officer = me({ name: 'Ola Berg', email: 'ola@clinic.example', role: 'officer' });
const admin = me({ role: 'admin' });

function office(page: OfficePage | null, over: Partial<OfficeApi> = {}, also: JSX.Element | null = null, as = admin) {
  const api = officeDouble({ ...FILLED, ...over });
  return (
    <>
      <Office
        me={as}
        api={api}
        page={page}
        board={as.role === 'admin'}
        ring={null}
        inCall={false}
        onSignOut={nothing}
        onOver={nothing}
      />
      <OfficeContext.Provider value={{ me: as, api }}>{also}</OfficeContext.Provider>
    </>
  );
}

const LINK = {
  url: 'https://visit.harbour-street.example/clinic#in=Z2FsbGVyeS1nYWxsZXJ5LWdhbGxlcnktZ2FsbGVyeQ',
  mailed: false,
  expires_at: NOW_US + min(60 * 24),
};
const lena = account();
const rosa = patient();
const SHORTER = retention({ rules: [{ kind: 'chat', days: 30 }, ...retention().rules.slice(1)] }).rules.map(draftOf);
const FOUND = [
  rosa,
  patient({ id: 'juan', name: 'Juan Ignacio Fernández de la Vega', email: '', held: true, visits: 1 }),
  patient({ id: 'ros', name: 'Rosalind Ashworth-Pemberton', email: 'rosalind.ashworth.pemberton@mail.example', birth_date: '' }),
];

/** One part of the page alone, in a state that the whole page comes to only after a press. */
function part(children: JSX.Element) {
  const api = officeDouble(FILLED);
  return (
    <OfficeContext.Provider value={{ me: officer, api }}>
      <main class="clinic-main">
        <h1>{clinicWords.t.places.kept}</h1>
        {children}
      </main>
    </OfficeContext.Provider>
  );
}

const screens: GalleryArea['screens'] = {
  'home': () => office(null, {}, null, officer),
  'home-late': () => office(null, { readSystem: () => Promise.resolve(LATE) }, null, officer),
  'home-offline': () => office(null, { whoAmI: gone }, null, officer),

  'people': () => office('people'),
  'people-officer': () => office('people', { listPeople: () => Promise.resolve({ people: PEOPLE.slice(0, 3), may_change: false }) }, null, officer),
  'people-loading': () => office('people', { listPeople: never }),
  'people-offline': () => office('people', { listPeople: gone }),
  'people-add': () => office('people', {}, <AddPerson onClose={nothing} onAdded={nothing} />),
  'people-change': () => office('people', {}, <PersonDialog person={lena} onClose={nothing} onDone={nothing} />),
  'people-role': () => office('people', {}, <PersonDialog start="role" person={lena} onClose={nothing} onDone={nothing} />),
  'people-disable': () => office('people', {}, <PersonDialog start="disable" person={lena} onClose={nothing} onDone={nothing} />),
  'people-reset': () => office('people', {}, <PersonDialog start="reset_second_factor" person={lena} onClose={nothing} onDone={nothing} />),
  'people-link': () => office('people', {}, <LinkDialog name={lena.name} link={LINK} onClose={nothing} />),
  'people-link-mailed': () => office('people', {}, <LinkDialog name={lena.name} link={{ ...LINK, mailed: true }} onClose={nothing} />),

  'reviews': () => office('reviews', {}, null, officer),
  'reviews-empty': () => office('reviews', { listEmergencies: () => Promise.resolve({ emergencies: [], unreviewed: 0 }) }, null, officer),
  'reviews-done': () => office('reviews', { listEmergencies: () => Promise.resolve({ emergencies: OPENINGS.slice(2), unreviewed: 0 }) }),
  'reviews-loading': () => office('reviews', { listEmergencies: never }),
  'reviews-offline': () => office('reviews', { listEmergencies: gone }),
  'log': () => office('log', {}, null, officer),
  'log-file': () => office('log', {}, <ExportLog range={{ patient: 'rosa', from: 0 }} called={rosa.name} allKinds onClose={nothing} />, officer),
  'log-visit': () => {
    showLog({ visit: '01VISIT', called: 'Juan Ignacio Fernández de la Vega y Zárate' });
    return office('log', { searchAudit: () => Promise.resolve({ entries: [...ENTRIES.slice(0, 1), ENTRIES[2] ?? entry(), entry({ place: 4700, at: YESTERDAY })], next: null }) });
  },
  'log-none': () => {
    showLog({ person: 'sam', called: 'Sam Reyes' });
    return office('log', { searchAudit: () => Promise.resolve({ entries: [], next: null }) }, null, officer);
  },
  'log-empty': () => office('log', { searchAudit: () => Promise.resolve({ entries: [], next: null }) }, null, officer),
  'log-loading': () => office('log', { searchAudit: never }, null, officer),
  'log-offline': () => office('log', { searchAudit: gone }, null, officer),
  'log-nameless': () => office('log', { listPeople: gone }, null, officer),
  'log-entry': () =>
    part(
      <ol role="list" class="office-rows">
        {[...ENTRIES.slice(2, 5), entry({ place: 4703, words: { state: 'altered' } })].map((line) => (
          <li key={line.place} class="office-row log-row">
            <LogEntry line={line} names={new Map()} signed={system().log} onVisit={nothing} open />
          </li>
        ))}
      </ol>,
    ),
  'system': () => office('system', {}, null, officer),
  'system-late': () => office('system', { readSystem: () => Promise.resolve(LATE) }, null, officer),
  'system-grave': () => office('system', { readSystem: () => Promise.resolve(GRAVE) }),
  'system-fresh': () => office('system', { readSystem: () => Promise.resolve(FRESH) }, null, officer),
  'system-loading': () => office('system', { readSystem: never }, null, officer),
  'system-offline': () => office('system', { readSystem: gone }, null, officer),
  'kept': () => office('kept', {}, null, officer),
  'kept-nothing': () =>
    office('kept', {
      readRetention: () =>
        Promise.resolve({ rules: retention().rules.map(({ kind }) => ({ kind })), holds: [] }),
    }),
  'kept-loading': () => office('kept', { readRetention: never }),
  'kept-offline': () => office('kept', { readRetention: gone }),
  'kept-shorter': () => part(<Rules retention={retention()} onSaved={nothing} start={SHORTER} />),
  'patients': () => part(<Patients onHolds={nothing} onFound={nothing} found={{ patients: FOUND, more: true }} />),
  'patients-none': () => part(<Patients onHolds={nothing} onFound={nothing} found={{ patients: [], more: false }} />),
  'patient-hold': () => office('kept', {}, <HoldPatient patient={rosa} onClose={nothing} onDone={nothing} />),
  'patient-lift': () => office('kept', {}, <LiftHold patient="rosa" name={rosa.name} onClose={nothing} onDone={nothing} />),
  'patient-erase': () => office('kept', {}, <ErasePatient patient={rosa} onClose={nothing} onDone={nothing} />),
  'review': () => office('reviews', {}, <ReviewDialog of={opening()} onClose={nothing} onSaved={nothing} onOvertaken={nothing} />, officer),
};

/** Found by the gallery by itself. */
export const gallery: GalleryArea = {
  look: 'clinic',
  load: async () => {
    await Promise.all([clinicWords.load(), officeWords.load(), auditWords.load(), systemWords.load()]);
  },
  screens,
};
