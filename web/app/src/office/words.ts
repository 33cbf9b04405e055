/** The words of the office, loaded with it. */
import { catalogue, languageOf, locale } from '../i18n';
import type { AuditMessages } from '../i18n/en/audit';
import type { OfficeMessages } from '../i18n/en/office';
import type { SystemMessages } from '../i18n/en/system';
import { timestampToDate } from '@bedside/client/clinic';

/** Call `officeWords.load()` before the first page. */
export const officeWords = catalogue<OfficeMessages>({
  en: () => import('../i18n/en/office'),
  es: () => import('../i18n/es/office'),
});

/** The words of the log. Call `auditWords.load()` before its page. */
export const auditWords = catalogue<AuditMessages>({
  en: () => import('../i18n/en/audit'),
  es: () => import('../i18n/es/audit'),
});

/** The words of the page about the server. Call `systemWords.load()` before it. */
export const systemWords = catalogue<SystemMessages>({
  en: () => import('../i18n/en/system'),
  es: () => import('../i18n/es/system'),
});

/** A day such as "20 November 2026", from µs. */
export function dayText(at_us: number): string {
  return new Intl.DateTimeFormat(languageOf(locale.value), { dateStyle: 'long' }).format(timestampToDate(at_us));
}

/** Day and time, from µs. */
export function momentText(at_us: number): string {
  return new Intl.DateTimeFormat(languageOf(locale.value), { dateStyle: 'medium', timeStyle: 'short' }).format(timestampToDate(at_us));
}

/** A day of the week with its date, from µs. */
export function weekdayText(at_us: number): string {
  return new Intl.DateTimeFormat(languageOf(locale.value), { dateStyle: 'full' }).format(timestampToDate(at_us));
}

/** The time of day with its seconds, from µs. */
export function secondText(at_us: number): string {
  return new Intl.DateTimeFormat(languageOf(locale.value), { timeStyle: 'medium' }).format(timestampToDate(at_us));
}

const SPANS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** How long ago, such as "3 hours ago", from µs; whole units, rounded down. */
export function agoText(at_us: number, now_us: number): string {
  const words = new Intl.RelativeTimeFormat(languageOf(locale.value), { numeric: 'auto' });
  const seconds = Math.max(0, (now_us - at_us) / 1e6);
  const [unit, length] = SPANS.find(([name, s]) => seconds >= (name === 'day' ? 2 * s : s)) ?? ['second', 1];
  return words.format(-Math.floor(seconds / length), unit);
}

/** A number such as "4,711". */
export function numberText(n: number): string {
  return new Intl.NumberFormat(languageOf(locale.value)).format(n);
}

const SIZES = [
  ['gigabyte', 1e9],
  ['megabyte', 1e6],
  ['kilobyte', 1e3],
] as const;

/** A size such as "3.2 MB". */
export function bytesText(bytes: number): string {
  const [unit, size] = SIZES.find(([, least]) => bytes >= least) ?? ['byte', 1];
  return new Intl.NumberFormat(languageOf(locale.value), { style: 'unit', unit, maximumFractionDigits: 1 }).format(bytes / size);
}

/** A short span such as "12 seconds", from milliseconds. */
export function tookText(ms: number): string {
  const [unit, value] = ms < 90_000 ? (['second', ms / 1000] as const) : (['minute', ms / 60_000] as const);
  return new Intl.NumberFormat(languageOf(locale.value), { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

/** A date of birth (`YYYY-MM-DD`) as people write it. */
export function birthText(date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime())) return date;
  return new Intl.DateTimeFormat(languageOf(locale.value), { dateStyle: 'long', timeZone: 'UTC' }).format(day);
}
