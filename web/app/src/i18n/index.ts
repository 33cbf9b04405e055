/** Words, numbers and times in the reader's language. */
export { catalogue, setLocale, type Catalogue, type Messages, type Translation } from './catalogue';
export { formatClock, formatDayTime, formatMinutes, formatTime, pluralsOf, type PluralForms } from './format';
export {
  applyToDocument,
  chooseLocale,
  keep,
  LANGUAGES,
  LANGUAGE_NAMES,
  languageOf,
  locale,
  readKept,
  type Language,
  type Locale,
} from './locale';
