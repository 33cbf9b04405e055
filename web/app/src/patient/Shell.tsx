/** The frame of every page of a patient: clinic, language, progress, one thing, help. */
import type { ComponentChildren } from 'preact';
import { LANGUAGES, LANGUAGE_NAMES, languageOf, locale, setLocale } from '../i18n';
import { helloText } from '../i18n/parts';
import {
  Button,
  IconButton,
  IconGlobe,
  IconPhone,
  IconTheme,
  LinkButton,
  setTheme,
  Steps,
  theme,
  Toasts,
  useFocusOn,
  useMedia,
} from '../ui';
import type { Clinic } from './clinic';
import { STEPS } from './flow';

/** The line of help; it stands on every page, also in the call. */
export function HelpLine({ clinic, short = false }: { clinic: Clinic; short?: boolean }) {
  const t = helloText.t;
  if (clinic.helpPhone === null) return <p class="p-help">{t.help}</p>;
  return (
    <p class="p-help">
      <span>{short ? t.helpShort : t.helpPhone}</span>{' '}
      <a class="p-help__phone" href={`tel:${clinic.helpPhone.replace(/[^+\d]/g, '')}`}>
        <IconPhone size={1.1} />
        <bdi>{clinic.helpPhone}</bdi>
      </a>
    </p>
  );
}

/** The other languages, one press each. */
function Languages() {
  const here = languageOf(locale.value);
  return (
    <>
      {LANGUAGES.filter((language) => language !== here).map((language) => (
        <Button
          key={language}
          kind="quiet"
          scale="small"
          icon={IconGlobe}
          lang={language}
          onClick={() => void setLocale(language)}
        >
          {LANGUAGE_NAMES[language]}
        </Button>
      ))}
    </>
  );
}

/** Light or dark, one press; before any press the page follows the device. */
function Brightness() {
  const t = helloText.t;
  const systemDark = useMedia('(prefers-color-scheme: dark)');
  const dark = theme.value === 'system' ? systemDark : theme.value === 'dark';
  return (
    <IconButton
      icon={IconTheme}
      label={dark ? t.light : t.dark}
      onClick={() => setTheme(dark ? 'light' : 'dark')}
    />
  );
}

export interface ShellProps {
  clinic: Clinic;
  /** The heading of the page. The focus starts here. */
  title: string;
  /** Which of the counted steps this is; none for pages beside the way. */
  step?: number;
  children: ComponentChildren;
}

export function Shell({ clinic, title, step, children }: ShellProps) {
  const t = helloText.t;
  const heading = useFocusOn<HTMLHeadingElement>(title);
  return (
    <div class="p-page">
      <header class="p-head">
        <p class="p-head__name">{clinic.name ?? t.title}</p>
        <div class="p-head__tools">
          <Languages />
          <Brightness />
        </div>
      </header>
      <main class="p-main">
        {step === undefined ? null : <Steps step={step} of={STEPS} label={t.step(step, STEPS)} />}
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {children}
        <Toasts closeLabel={t.close} />
      </main>
      <footer class="p-foot">
        <HelpLine clinic={clinic} />
      </footer>
    </div>
  );
}

/** A button that calls the clinic, where a page has nothing better to offer. */
export function CallClinic({ clinic }: { clinic: Clinic }) {
  if (clinic.helpPhone === null) return null;
  return (
    <LinkButton kind="primary" icon={IconPhone} href={`tel:${clinic.helpPhone.replace(/[^+\d]/g, '')}`} wide>
      {helloText.t.call(clinic.helpPhone)}
    </LinkButton>
  );
}
