/**
 * Which language the page speaks. Owns the list of locales, the choice among them, and where the
 * choice is kept. Loads no messages; see `catalogue.ts`.
 */
import { signal } from '@preact/signals';

/** Locales with words of their own. */
export const LANGUAGES = ['en', 'es'] as const;

/**
 * `en-XA`: English with accents, 40 % longer. `ar-XB`: English mirrored, for right-to-left pages.
 * Both exist for tests and are never offered to people.
 */
export type Locale = (typeof LANGUAGES)[number] | 'en-XA' | 'ar-XB';

/** A language that can be chosen in the page. */
export type Language = (typeof LANGUAGES)[number];

/** Each language in its own words. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', es: 'Español' };

const STORAGE_KEY = 'bedside.locale';

function isLocale(text: string | null): text is Locale {
  return text === 'en' || text === 'es' || text === 'en-XA' || text === 'ar-XB';
}

/**
 * The best locale for a reader: an earlier choice first, then the browser's wishes in their order,
 * then English.
 */
export function chooseLocale(kept: string | null, wishes: readonly string[]): Locale {
  if (isLocale(kept)) return kept;
  for (const wish of wishes) {
    const language = wish.toLowerCase().split('-')[0];
    const match = LANGUAGES.find((candidate) => candidate === language);
    if (match) return match;
  }
  return 'en';
}

/** The language whose words and `Intl` rules a locale uses. */
export function languageOf(of: Locale): Language {
  return of === 'es' ? 'es' : 'en';
}

/** Storage can be switched off in a browser; the choice then lasts as long as the page. */
export function readKept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** See {@link readKept}. */
export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Nothing to do: see readKept.
  }
}

/** The locale in use. Change it with `setLocale` of `catalogue.ts`, which loads the words first. */
export const locale = signal<Locale>(chooseLocale(readKept(STORAGE_KEY), navigator.languages ?? []));

/** Writes the locale to the document, so that browser and screen reader follow. */
export function applyToDocument(of: Locale, root: HTMLElement = document.documentElement): void {
  root.lang = of === 'ar-XB' ? 'ar' : languageOf(of);
  root.dir = of === 'ar-XB' ? 'rtl' : 'ltr';
}

/** Remembers the choice for the next visit of this browser. */
export function keepLocale(of: Locale): void {
  keep(STORAGE_KEY, of);
}
