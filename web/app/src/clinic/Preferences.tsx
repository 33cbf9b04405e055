/** Language and appearance, for this browser. */
import { LANGUAGES, LANGUAGE_NAMES, languageOf, locale, setLocale, type Language } from '../i18n';
import { SelectField, setTheme, theme, toast, type Theme } from '../ui';
import { clinicWords } from './i18n';

/** Two small lists, side by side while there is room. */
export function Preferences() {
  const t = clinicWords.t;
  return (
    <div class="clinic-preferences">
      <SelectField
        label={t.me.language}
        value={languageOf(locale.value)}
        options={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
        onValue={(value) => {
          setLocale(value as Language).catch(() => toast(t.error.offline, 'warn'));
        }}
      />
      <SelectField
        label={t.me.theme}
        value={theme.value}
        options={(['system', 'light', 'dark'] as const).map((value) => ({ value, label: t.me.themes[value] }))}
        onValue={(value) => setTheme(value as Theme)}
      />
    </div>
  );
}
