/** The clinic's words, loaded per language. */
import { catalogue } from '../../i18n';
import type { ClinicMessages } from './en';

/** Call `clinicWords.load()` before the first screen; read `clinicWords.t` in components. */
export const clinicWords = catalogue<ClinicMessages>({
  en: () => import('./en'),
  es: () => import('./es'),
});
