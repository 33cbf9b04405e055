/** The second check: the date of birth, in three fields, because date pickers make the old scroll. */
import type { Role } from '@bedside/client/protocol';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { helloText } from '../i18n/parts';
import { Button, IconWarning, TextField } from '../ui';
import { readBirthDate, type TypedDate } from './birthDate';
import type { Clinic } from './clinic';
import { Shell } from './Shell';

export interface BirthDateProps {
  clinic: Clinic;
  role: Role;
  wrong: boolean;
  triesLeft: number | null;
  busy: boolean;
  onAnswer: (birthDate: string) => void;
}

export function BirthDate({ clinic, role, wrong, triesLeft, busy, onAnswer }: BirthDateProps) {
  const t = helloText.t.birth;
  const [typed, setTyped] = useState<TypedDate>({ day: '', month: '', year: '' });
  const [incomplete, setIncomplete] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const errorId = useId();
  useEffect(() => {
    if (wrong && !busy) first.current?.focus();
  }, [wrong, busy, triesLeft]);

  const set = (part: keyof TypedDate) => (value: string) => {
    setTyped({ ...typed, [part]: value });
    setIncomplete(false);
  };
  const error = incomplete ? t.incomplete : wrong ? t.wrong : null;
  return (
    <Shell clinic={clinic} title={role === 'patient' ? t.title : t.titleGuest} step={1}>
      <p>{t.why}</p>
      <form
        class="p-stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const date = readBirthDate(typed, new Date().getFullYear());
          if (date === null) {
            setIncomplete(true);
            first.current?.focus();
          } else if (!busy) {
            onAnswer(date);
          }
        }}
      >
        <fieldset class="p-date" aria-describedby={error ? errorId : undefined}>
          <legend class="ui-hidden">{role === 'patient' ? t.title : t.titleGuest}</legend>
          <TextField
            label={t.day}
            value={typed.day}
            onValue={set('day')}
            inputRef={first}
            inputMode="numeric"
            autocomplete={role === 'patient' ? 'bday-day' : 'off'}
            maxLength={2}
          />
          <TextField
            label={t.month}
            value={typed.month}
            onValue={set('month')}
            inputMode="numeric"
            autocomplete={role === 'patient' ? 'bday-month' : 'off'}
            maxLength={2}
          />
          <TextField
            label={t.year}
            value={typed.year}
            onValue={set('year')}
            inputMode="numeric"
            autocomplete={role === 'patient' ? 'bday-year' : 'off'}
            maxLength={4}
          />
        </fieldset>
        <div role="alert" id={errorId}>
          {error ? (
            <p class="ui-field__error">
              <IconWarning size={1.1} />
              <span>
                {error} {wrong && !incomplete && triesLeft !== null ? t.tries(triesLeft) : ''}
              </span>
            </p>
          ) : null}
        </div>
        <Button kind="primary" scale="large" type="submit" wide busy={busy}>
          {t.go}
        </Button>
      </form>
    </Shell>
  );
}
