/**
 * The HTTP calls of those who run a clinic and answer for its privacy: accounts, reviews, what is kept.
 * Each rejects with a `BedsideError` only. Looking is put on record by the server, each time.
 */

import { call } from './http';
import type {
  AddPerson,
  AuditExportRequest,
  AuditFound,
  AuditSearch,
  ChangePerson,
  Emergencies,
  EraseRequest,
  FindPatient,
  HoldRequest,
  KeptRule,
  Patients,
  People,
  PersonChanged,
  Retention,
  ReviewRequest,
  SetRetention,
  SystemState,
} from './protocol';

/** An export may be long, in milliseconds. */
const FILE_TIMEOUT_MS = 120_000;

/** A file from the server, to be kept by the reader. */
export interface OfficeFile {
  /** Without a path; names nobody. */
  readonly name: string;
  readonly content: Blob;
}

/** All accounts of the clinic, sorted by name. */
export function listPeople(): Promise<People> {
  return call('GET', 'people');
}

/** A new account with a one-time link. Rejects with `bad_field` `name` or `email`. */
export function addPerson(person: AddPerson): Promise<PersonChanged> {
  return call('POST', 'people', person);
}

/** Changes an account. Rejects with `own_account` for the reader's own. */
export function changePerson(person: string, change: ChangePerson): Promise<PersonChanged> {
  return call('POST', `people/${encodeURIComponent(person)}`, change);
}

/** The openings of restricted visits in emergencies, unreviewed first. */
export function listEmergencies(): Promise<Emergencies> {
  return call('GET', 'emergencies');
}

/** Reviews one. Rejects with `not_allowed` for one's own, and with `wrong_state` when it was reviewed already. */
export function reviewEmergency(id: string, review: ReviewRequest): Promise<void> {
  return call('POST', `emergencies/${encodeURIComponent(id)}/review`, review);
}

/** How long everything is kept, and the legal holds. */
export function readRetention(): Promise<Retention> {
  return call('GET', 'retention');
}

/** Changes how long is kept; rules that are left out stay. */
export function setRetention(rules: readonly KeptRule[]): Promise<void> {
  return call('POST', 'retention', { rules: [...rules] } satisfies SetRetention);
}

/** Finds patients of all visits. Rejects with `bad_field` when nothing was asked for. */
export function findPatients(request: FindPatient): Promise<Patients> {
  return call('POST', 'patients/find', request);
}

/** Keeps everything about a patient until the hold is lifted. Rejects with `wrong_state` when there is a hold. */
export function holdPatient(patient: string, reason: string): Promise<void> {
  return call('POST', `patients/${encodeURIComponent(patient)}/hold`, { reason } satisfies HoldRequest);
}

/** Lifts a hold. Rejects with `wrong_state` when there is none. */
export function liftHold(patient: string): Promise<void> {
  return call('POST', `patients/${encodeURIComponent(patient)}/unhold`);
}

/** Everything about a patient, as a file. */
export function exportPatient(patient: string): Promise<OfficeFile> {
  return file('GET', `patients/${encodeURIComponent(patient)}/export`);
}

/**
 * Erases a patient for good. Answers with the certificate. Rejects with `bad_field` `name`,
 * with `on_hold`, and with `wrong_state` while one of the visits is open or runs.
 */
export function erasePatient(patient: string, request: EraseRequest): Promise<OfficeFile> {
  return file('POST', `patients/${encodeURIComponent(patient)}/erase`, request);
}

/** Entries of the log of who did what, the newest first. */
export function searchAudit(search: AuditSearch): Promise<AuditFound> {
  return call('POST', 'audit/search', search);
}

/** The log as a file. Rejects with `not_found` for a patient who is not known. */
export function exportAudit(request: AuditExportRequest): Promise<OfficeFile> {
  return file('POST', 'audit/export', request);
}

/** How the server itself is. Nothing of it is about a patient. */
export function readSystem(): Promise<SystemState> {
  return call('GET', 'system');
}

/** A call whose answer is a file. */
async function file(method: 'GET' | 'POST', path: string, body?: unknown): Promise<OfficeFile> {
  let name = '';
  let content = new Blob();
  await call(
    method,
    path,
    body,
    async (url, init) => {
      const response = await fetch(url, init);
      if (!response.ok) return response;
      name = fileName(response.headers.get('content-disposition'));
      content = await response.blob();
      // What follows looks for JSON, which a file need not be.
      return new Response('');
    },
    FILE_TIMEOUT_MS,
  );
  return { name, content };
}

/** The name that the server gives a file (RFC 6266, the plain form), without a path. */
function fileName(disposition: string | null): string {
  const named = /filename="?([\w.-]+)"?/.exec(disposition ?? '')?.[1];
  return named ?? 'bedside';
}
