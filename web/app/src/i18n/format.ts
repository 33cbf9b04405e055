/** Numbers, times and plurals in the reader's language. All of it is the browser's own `Intl`. */
import { languageOf, locale, type Language } from './locale';

/** The forms that a count can take; languages use what they need. */
export interface PluralForms {
  readonly one: string;
  readonly other: string;
  /** Instead of "0 …", where that reads better. */
  readonly zero?: string;
}

/** Chooses among the forms of a count. Made once per language file. */
export function pluralsOf(language: Language): (count: number, forms: PluralForms) => string {
  const rules = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  return (count, forms) => {
    if (count === 0 && forms.zero !== undefined) return forms.zero;
    const form = rules.select(count) === 'one' ? forms.one : forms.other;
    return form.replace('#', numbers.format(count));
  };
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const language = languageOf(locale.value);
  const key = language + JSON.stringify(options);
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(language, options);
    formatters.set(key, found);
  }
  return found;
}

/** The time of day, such as "10:30". */
export function formatTime(date: Date): string {
  return dateFormat({ hour: 'numeric', minute: '2-digit' }).format(date);
}

/** Day and time; the day is named only when it is not `now`'s. */
export function formatDayTime(date: Date, now: Date): string {
  if (date.toDateString() === now.toDateString()) return formatTime(date);
  return dateFormat({ weekday: 'long', day: 'numeric', month: 'long', hour: 'numeric', minute: '2-digit' }).format(date);
}

/** Whole minutes in words, such as "5 minutes". */
export function formatMinutes(minutes: number): string {
  return new Intl.NumberFormat(languageOf(locale.value), {
    style: 'unit',
    unit: 'minute',
    unitDisplay: 'long',
  }).format(minutes);
}

/** A running time, such as "4:05" or "1:04:05". Negative spans count as none. */
export function formatClock(span_ms: number): string {
  const seconds = Math.max(0, Math.floor(span_ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
