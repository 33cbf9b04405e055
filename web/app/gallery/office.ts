/**
 * Typed accounts, openings and rules for tests and for the gallery of screens. Never part of the
 * production build: nothing that the pages import leads here.
 */
import type { AuditLine, Emergency, Patient, Retention, StaffPerson, SystemState } from '@bedside/client';
import { BedsideError } from '@bedside/client/clinic';
import type { OfficeApi } from '../src/office/context';
import { NOW_US, min } from './fixtures';

const HOUR_US = min(60);
const DAY_US = 24 * HOUR_US;

/** Calls that are refused unless they are given. */
export function officeDouble(over: Partial<OfficeApi> = {}): OfficeApi {
  const refuse = () => Promise.reject(new BedsideError('not_allowed'));
  return {
    whoAmI: refuse,
    listPeople: refuse,
    addPerson: refuse,
    changePerson: refuse,
    listEmergencies: refuse,
    reviewEmergency: refuse,
    readRetention: refuse,
    setRetention: refuse,
    findPatients: refuse,
    holdPatient: refuse,
    liftHold: refuse,
    exportPatient: refuse,
    erasePatient: refuse,
    searchAudit: refuse,
    readSystem: refuse,
    exportAudit: refuse,
    ...over,
  };
}

/** A clinician's account, with any part changed. */
export function account(over: Partial<StaffPerson> = {}): StaffPerson {
  return {
    id: 'lena',
    name: 'Dr. Lena Vogt',
    email: 'lena@clinic.example',
    role: 'clinician',
    active: true,
    invited: false,
    has_second_factor: true,
    by_provider: false,
    created_at: NOW_US - 30 * DAY_US,
    sessions: 1,
    me: false,
    ...over,
  };
}

/** An opening of two hours ago that nobody reviewed, with any part changed. */
export function opening(over: Partial<Emergency> = {}): Emergency {
  return {
    id: 'grant',
    person: 'Dr. Imani Okoye',
    mine: false,
    visit: '01VISIT',
    host_name: 'Dr. Lena Vogt',
    scheduled_at: NOW_US - 3 * HOUR_US,
    reason: 'The patient fainted in the waiting room and Dr. Vogt could not be reached.',
    began_at: NOW_US - 2 * HOUR_US,
    ends_at: NOW_US - HOUR_US,
    overdue: false,
    ...over,
  };
}

/** Rules that delete some things earlier than others, and one hold; with any part changed. */
export function retention(over: Partial<Retention> = {}): Retention {
  return {
    rules: [{ kind: 'chat', days: 365 }, { kind: 'note' }, { kind: 'quality', days: 90 }, { kind: 'visit', days: 3650 }],
    holds: [
      {
        patient: 'juan',
        name: 'Juan Ignacio Fernández de la Vega',
        reason: 'Case 2026-114 at the district court.',
        placed_at: NOW_US - 4 * DAY_US,
        placed_by: 'Ola Berg',
      },
    ],
    swept_at: NOW_US - min(24),
    ...over,
  };
}

/** A patient with three visits, with any part changed. */
export function patient(over: Partial<Patient> = {}): Patient {
  return {
    id: 'rosa',
    name: 'Rosa Alvarez',
    email: 'rosa@mail.example',
    birth_date: '1958-03-14',
    visits: 3,
    last_visit_at: NOW_US - 9 * DAY_US,
    held: false,
    ...over,
  };
}

/** An entry that says that Dr. Vogt saw who a visit is with, with any part changed. */
export function entry(over: Partial<AuditLine> = {}): AuditLine {
  return {
    place: 4711,
    at: NOW_US - min(3),
    kind: 'data.patient_viewed',
    actor: { type: 'staff', id: 'lena' },
    visit: '01JD3V5Q8M7K2N4P6R8T0W7QK2',
    seat: null,
    person: null,
    refused: null,
    details: {},
    ...over,
  };
}

/** A server on which all is well, with any part changed. */
export function system(over: Partial<SystemState> = {}): SystemState {
  return {
    now: NOW_US,
    version: '0.1.0',
    started_at: NOW_US - 12 * DAY_US,
    log: {
      entries: 4_712,
      waiting: 1,
      signed_at: NOW_US - 4_000_000,
      witnesses: [{ name: 'witness.northern-hospitals.example/bedside', standing: 'signed', entries: 4_698, signed_at: NOW_US - min(2) }],
    },
    keys: {
      provider: 'file',
      healthy: true,
      current_version: 3,
      oldest_in_use: 3,
      to_rewrap: 0,
      versions: [
        { version: 2, data_keys: 0 },
        { version: 3, data_keys: 1_204 },
      ],
    },
    backup: {
      newest: { made_at: NOW_US - 7 * HOUR_US, rows: 48_210, bytes: 31_457_280 },
      late: false,
      drill: { made_at: NOW_US - 9 * DAY_US, backup_made_at: NOW_US - 10 * DAY_US, took_ms: 12_400, rows: 46_001 },
      drill_late: false,
    },
    report: { made_at: NOW_US - 3 * DAY_US, proved: 41, attested: 18, not_applicable: 4, open: 0 },
    not_believed: [],
    storage: { database: 'sqlite', database_bytes: 52_428_800, free_bytes: 38_000_000_000 },
    ...over,
  };
}
