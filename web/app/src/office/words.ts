/** The words of the office, loaded with it. */
import { catalogue, languageOf, locale } from '../i18n';
import type { AuditMessages } from '../i18n/en/audit';
import type { OfficeMessages } from '../i18n/en/office';
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

/** A date of birth (`YYYY-MM-DD`) as people write it. */
export function birthText(date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime())) return date;
  return new Intl.DateTimeFormat(languageOf(locale.value), { dateStyle: 'long', timeZone: 'UTC' }).format(day);
}
