/**
 * The new-visit form: what is typed, what is wrong with it, what is sent.
 *
 * Owns the rules a browser can check by itself. The server checks all of them again and its answer
 * (`bad_field` with a field's name) is shown at the same place. Never keeps anything after sending.
 */
import type { CreateVisit, Role } from '@bedside/client';
import { MAX_EMAIL_BYTES, MAX_NAME_CHARS, MAX_NOTE_CHARS, MAX_VISIT_MIN, MIN_VISIT_MIN } from '@bedside/client/protocol';

/** The form as typed. */
export interface VisitDraft {
  readonly name: string;
  /** Id of the clinician whose visit it is; empty for oneself. */
  readonly host: string;
  readonly email: string;
  /** `now`, or a local date and time. */
  readonly when: 'now' | 'later';
  /** `YYYY-MM-DD`, local. */
  readonly date: string;
  /** `HH:MM`, local. */
  readonly time: string;
  /** `YYYY-MM-DD` or empty. */
  readonly birthDate: string;
  readonly durationMin: string;
  readonly note: string;
  readonly askRecording: boolean;
  readonly askCaptions: boolean;
  /** Only whoever's visit it is and those invited see who it is with. */
  readonly restricted: boolean;
  readonly locale: string;
}

/** Names of the fields, as the server spells them in `ErrorBody.field`. */
export type VisitField =
  | 'patient_name'
  | 'host'
  | 'patient_email'
  | 'patient_birth_date'
  | 'scheduled_at'
  | 'duration_min'
  | 'note';

/** What is wrong with a field. */
export type Fault =
  | 'name_missing'
  | 'name_too_long'
  | 'host_missing'
  | 'email_odd'
  | 'date_odd'
  | 'date_past'
  | 'birth_odd'
  | 'duration_odd'
  | 'note_too_long'
  | 'refused';

/** At most one fault per field. */
export type Faults = Partial<Record<VisitField, Fault>>;

/** An empty form for a clinician whose local time is `now`; the visit starts at once. */
export function emptyDraft(now: Date, locale: string): VisitDraft {
  const later = roundUp(now, 15);
  return {
    name: '',
    host: '',
    email: '',
    when: 'now',
    date: localDate(later),
    time: localTime(later),
    birthDate: '',
    durationMin: '20',
    note: '',
    askRecording: false,
    askCaptions: false,
    restricted: false,
    locale,
  };
}

/**
 * What is wrong with the form at local time `now`; empty when it may be sent. `forOthers`: who fills
 * it in holds no visits and has to name somebody.
 */
export function faultsOf(draft: VisitDraft, now: Date, forOthers = false): Faults {
  const faults: Faults = {};
  const name = nameFault(draft.name);
  if (name) faults.patient_name = name;
  if (forOthers && draft.host === '') faults.host = 'host_missing';
  if (draft.email.trim() !== '' && !isEmail(draft.email)) faults.patient_email = 'email_odd';
  if (draft.birthDate !== '' && !isBirthDate(draft.birthDate, now)) faults.patient_birth_date = 'birth_odd';
  if (draft.when === 'later') {
    const at = localInstant(draft.date, draft.time);
    if (at === null) faults.scheduled_at = 'date_odd';
    // An hour of grace: booking a visit that is already running late is ordinary.
    else if (at.getTime() < now.getTime() - 3_600_000) faults.scheduled_at = 'date_past';
  }
  if (!isDuration(draft.durationMin)) faults.duration_min = 'duration_odd';
  if ([...draft.note].length > MAX_NOTE_CHARS) faults.note = 'note_too_long';
  return faults;
}

/** The request for a form without faults, typed at local time `now`. */
export function requestOf(draft: VisitDraft, now: Date): CreateVisit {
  const at = draft.when === 'later' ? localInstant(draft.date, draft.time) : null;
  const when = at ?? now;
  const request: CreateVisit = {
    patient_name: tidy(draft.name),
    patient_email: draft.email.trim(),
    patient_birth_date: draft.birthDate,
    duration_min: Number(draft.durationMin),
    note: draft.note.trim(),
    ask_recording: draft.askRecording,
    ask_captions: draft.askCaptions,
    restricted: draft.restricted,
    locale: draft.locale,
    // The offset on the day of the visit, not today's: summer time may begin in between.
    utc_offset_min: -when.getTimezoneOffset(),
  };
  if (draft.host !== '') request.host = draft.host;
  if (at) request.scheduled_at = at.getTime() * 1000;
  return request;
}

/** The form for one more person in a visit. */
export interface InviteDraft {
  readonly role: Extract<Role, 'interpreter' | 'family' | 'colleague'>;
  /** Id of the colleague; empty for none. Only colleagues are chosen from a list. */
  readonly user: string;
  readonly name: string;
  readonly email: string;
}

/** What is wrong with an invitation; the field names are the server's. */
export function inviteFaultsOf(draft: InviteDraft): Partial<Record<'name' | 'email' | 'user', Fault>> {
  const faults: Partial<Record<'name' | 'email' | 'user', Fault>> = {};
  if (draft.role === 'colleague') {
    if (draft.user === '') faults.user = 'host_missing';
    return faults;
  }
  const name = nameFault(draft.name);
  if (name) faults.name = name;
  if (draft.email.trim() !== '' && !isEmail(draft.email)) faults.email = 'email_odd';
  return faults;
}

/** One line of text: trimmed, inner runs of white space made one space. */
export function tidy(text: string): string {
  return text.trim().replace(/\s+/gu, ' ');
}

function nameFault(name: string): Fault | null {
  const tidied = tidy(name);
  if (tidied === '') return 'name_missing';
  return [...tidied].length > MAX_NAME_CHARS ? 'name_too_long' : null;
}

/**
 * Whether it can be an e-mail address. Deliberately loose: something, one `@`, a domain with a dot
 * or `localhost`. Only the mail itself proves an address.
 */
export function isEmail(text: string): boolean {
  const email = text.trim();
  return new TextEncoder().encode(email).length <= MAX_EMAIL_BYTES && /^[^\s@<>,;"]+@(?:[^\s@.<>,;"]+(?:\.[^\s@.<>,;"]+)+|localhost)$/u.test(email);
}

function isBirthDate(text: string, now: Date): boolean {
  const date = localInstant(text, '00:00');
  return date !== null && date <= now && date.getFullYear() > now.getFullYear() - 130;
}

function isDuration(text: string): boolean {
  const minutes = Number(text);
  return /^\d{1,3}$/.test(text) && minutes >= MIN_VISIT_MIN && minutes <= MAX_VISIT_MIN;
}

/** The instant of a local date and time; null when the calendar has no such day or hour. */
export function localInstant(date: string, time: string): Date | null {
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date);
  const hour = /^(\d{2}):(\d{2})$/.exec(time);
  if (!day || !hour) return null;
  const [year, month, dom] = [Number(day[1]), Number(day[2]), Number(day[3])];
  const [h, min] = [Number(hour[1]), Number(hour[2])];
  if (h > 23 || min > 59) return null;
  const at = new Date(year, month - 1, dom, h, min);
  // The constructor rolls 31 February over into March; that is a typing error, not a date.
  return at.getFullYear() === year && at.getMonth() === month - 1 && at.getDate() === dom ? at : null;
}

function roundUp(now: Date, stepMin: number): Date {
  const step = stepMin * 60_000;
  return new Date(Math.ceil((now.getTime() + 1) / step) * step);
}

function localDate(d: Date): string {
  return `${String(d.getFullYear()).padStart(4, '0')}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

function localTime(d: Date): string {
  return `${two(d.getHours())}:${two(d.getMinutes())}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
