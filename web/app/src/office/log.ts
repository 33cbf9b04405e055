/**
 * The log of who did what, as its page reads it: what is asked for, what is sorted out here, days.
 * Owns no words; asks the server only through what it is given.
 */
import type { AuditExportRequest, AuditFound, AuditLine, AuditSearch } from '@bedside/client';
import { timestampToDate } from '@bedside/client/clinic';

/** What the kinds of entries are about. */
export const TOPICS = ['looked', 'visits', 'sign_in', 'accounts', 'kept', 'server'] as const;
export type Topic = (typeof TOPICS)[number];

/** Kinds that say that somebody saw or took out data, wherever their name would put them. */
const LOOKED = /^(?:access\.|data\.(?:\w+_viewed|patients_searched|patient_exported)$|chat\.read$)/;
const BY_PREFIX: Record<string, Topic> = {
  auth: 'sign_in',
  user: 'accounts',
  visit: 'visits',
  seat: 'visits',
  link: 'visits',
  consent: 'visits',
  chat: 'visits',
  data: 'kept',
};

/** What a kind is about. Kinds that this page does not know are the server's. */
export function topicOf(kind: string): Topic {
  if (LOOKED.test(kind)) return 'looked';
  // What somebody in a visit tried, for all that its name says.
  if (kind === 'data.action_refused') return 'visits';
  return BY_PREFIX[kind.slice(0, kind.indexOf('.'))] ?? 'server';
}

/** What the reader chose among the entries that have come. */
export interface Sieve {
  readonly topic: Topic | 'all' | 'refused';
  /** First day, `YYYY-MM-DD` in the reader's time zone; empty for no bound. */
  readonly from: string;
  /** Last day, the same way. */
  readonly to: string;
}

/** Lets everything through. */
export const ALL: Sieve = { topic: 'all', from: '', to: '' };

/** The first moment of a day in the reader's time zone, in µs; null for no day. */
function startOf(day: string, days_later = 0): number | null {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day)?.slice(1).map(Number);
  if (!parts) return null;
  const [year = 0, month = 1, date = 1] = parts;
  return new Date(year, month - 1, date + days_later).getTime() * 1000;
}

/** Whether the days are the wrong way round. */
export function isTwisted({ from, to }: Sieve): boolean {
  return from !== '' && to !== '' && from > to;
}

/** Which of the entries the reader wants to see. */
export function sift(lines: readonly AuditLine[], sieve: Sieve): AuditLine[] {
  const from = startOf(sieve.from) ?? Number.NEGATIVE_INFINITY;
  const until = startOf(sieve.to, 1) ?? Number.POSITIVE_INFINITY;
  return lines.filter(({ at, kind, refused }) => {
    if (at < from || at >= until) return false;
    if (sieve.topic === 'refused') return refused !== null;
    return sieve.topic === 'all' || topicOf(kind) === sieve.topic;
  });
}

/** Whose entries the server looks for. */
export type Whose = Pick<AuditSearch, 'visit' | 'patient' | 'person'>;

/** The same choice for a file. The server takes whole days there, and all kinds. */
export function rangeOf({ visit, patient, person }: Whose, { from, to }: Sieve): Omit<AuditExportRequest, 'format'> {
  const [first, until] = [startOf(from), startOf(to, 1)];
  return {
    ...(visit === null ? {} : { visit }),
    ...(patient === undefined ? {} : { patient }),
    ...(person === null ? {} : { person }),
    ...(first === null ? {} : { from: first }),
    ...(until === null ? {} : { until }),
  };
}

/** What has been read, the newest first. */
export interface Reading {
  readonly lines: readonly AuditLine[];
  /** Where to go on; null at the beginning of the log. */
  readonly next: number | null;
}

/** So many hits are enough for now. */
export const ENOUGH = 50;
/** At most so many answers at a time: each is put on record. */
export const ANSWERS_AT_A_TIME = 5;

/** Whether all that can pass the sieve has been read: what is older is too old. */
export function isThrough({ lines, next }: Reading, sieve: Sieve): boolean {
  const from = startOf(sieve.from);
  const oldest = lines.at(-1);
  return next === null || (from !== null && oldest !== undefined && oldest.at < from);
}

/** Reads on until there are enough hits more, or it is enough for now. `before` is what has been read already; null for nothing. */
export async function readOn(
  search: (asked: AuditSearch) => Promise<AuditFound>,
  whose: Whose,
  sieve: Sieve,
  before: Reading | null,
): Promise<Reading> {
  let reading: Reading = before ?? { lines: [], next: null };
  let hits = 0;
  for (let answer = 0; answer < ANSWERS_AT_A_TIME; answer += 1) {
    // Each answer says where the next one begins.
    // oxlint-disable-next-line no-await-in-loop
    const { entries, next } = await search({ ...whose, before: reading.next });
    reading = { lines: [...reading.lines, ...entries], next };
    hits += sift(entries, sieve).length;
    if (sieve === ALL || hits >= ENOUGH || isThrough(reading, sieve)) break;
  }
  return reading;
}

/** Entries of one day of the reader's. */
export interface Day {
  /** Any moment of it, in µs. */
  readonly at: number;
  readonly lines: readonly AuditLine[];
}

/** Entries by day, in their order. */
export function byDay(lines: readonly AuditLine[]): Day[] {
  const days: { at: number; lines: AuditLine[] }[] = [];
  let last = '';
  for (const line of lines) {
    const day = timestampToDate(line.at).toDateString();
    if (day !== last) days.push({ at: line.at, lines: [] });
    last = day;
    days.at(-1)?.lines.push(line);
  }
  return days;
}

/** Somebody of the clinic who saw data. */
export interface Looker {
  readonly id: string;
  readonly times: number;
  /** When last, in µs. */
  readonly last_at: number;
  /** At least once by emergency access. */
  readonly emergency: boolean;
}

/** Who saw data of what the entries (the newest first) are about; who looked last comes first. Reading the log itself does not count. */
export function lookers(lines: readonly AuditLine[]): Looker[] {
  const found = new Map<string, Looker>();
  for (const { actor, kind, at, refused, details } of lines) {
    if (actor.type !== 'staff' || refused !== null || kind === 'data.audit_viewed' || topicOf(kind) !== 'looked') continue;
    if (kind === 'access.emergency_ended' || kind === 'access.emergency_reviewed') continue;
    const emergency = kind === 'access.emergency_opened' || details.by === 'emergency';
    const known = found.get(actor.id) ?? { id: actor.id, times: 0, last_at: at, emergency: false };
    found.set(actor.id, { ...known, times: known.times + 1, emergency: known.emergency || emergency });
  }
  return [...found.values()];
}

/** How many things were shown to whoever looked; null where that is not counted. */
export function shownIn({ details }: AuditLine): number | null {
  const counted = details.shown ?? details.visits ?? details.people ?? details.entries;
  return counted !== undefined && /^\d+$/.test(counted) ? Number(counted) : null;
}

/** What checks one entry without this server. */
export function proofCommand(place: number): string {
  return `bedside audit prove ${place} --log /path/to/audit -o ${place}.tlog-proof`;
}
