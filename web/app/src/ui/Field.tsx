/**
 * Things to fill in: one line, one of many. Every field has a visible label; hint and error are tied
 * to the control, and an error is announced when it appears. Longer text and choices stand in
 * `Choice.tsx`, which the first pages do without.
 */
import type { ComponentChildren, FocusEventHandler, JSX, KeyboardEventHandler, Ref } from 'preact';
import { useId } from 'preact/hooks';
import { IconWarning } from './icons';

/** What every field has. */
export interface Common {
  label: string;
  /** A sentence below the label. */
  hint?: string | undefined;
  /** What is wrong and how to mend it. */
  error?: string | undefined;
}

interface Ties {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

/** The frame around one control. Use it directly for controls that have no component here. */
export function Field({
  label,
  hint,
  error,
  children,
}: Common & { children: (ties: Ties) => ComponentChildren }) {
  const id = useId();
  const described = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div class="ui-field">
      <label class="ui-field__label" for={id}>
        {label}
      </label>
      {hint ? (
        <p class="ui-field__hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
      {children({
        id,
        'aria-describedby': described === '' ? undefined : described,
        'aria-invalid': error ? true : undefined,
      })}
      <div role="alert">
        {error ? (
          <p class="ui-field__error" id={`${id}-error`}>
            <IconWarning size={1.1} />
            <span>{error}</span>
          </p>
        ) : null}
      </div>
    </div>
  );
}

/** What the browser may know about a line of text, all optional. */
interface Input {
  type?: 'text' | 'email' | 'password' | 'date' | 'time' | 'datetime-local' | 'search' | 'tel' | 'url' | 'number';
  name?: string;
  autocomplete?: string;
  inputMode?: 'text' | 'numeric' | 'email' | 'tel' | 'search';
  placeholder?: string;
  maxLength?: number;
  min?: string | number;
  max?: string | number;
  step?: string | number;
  required?: boolean;
  readOnly?: boolean;
  disabled?: boolean;
  autofocus?: boolean;
  spellcheck?: boolean;
  autocapitalize?: 'none' | 'sentences' | 'words' | 'characters';
  onKeyDown?: KeyboardEventHandler<HTMLInputElement>;
  onBlur?: FocusEventHandler<HTMLInputElement>;
}

export interface TextFieldProps extends Common, Input {
  value: string;
  onValue: (value: string) => void;
  inputRef?: Ref<HTMLInputElement>;
}

/** One line of text; `type` may be any text-like input type (`email`, `password`, `date`, …). */
export function TextField({ label, hint, error, value, onValue, inputRef, ...rest }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(ties) => (
        <input
          // Preact types inputs one by one by `type`, which a variable `type` cannot meet.
          {...({ ...rest, ...ties } as JSX.IntrinsicElements['input'])}
          ref={inputRef ?? null}
          class="ui-input"
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export interface SelectFieldProps extends Common {
  value: string;
  onValue: (value: string) => void;
  options: readonly { readonly value: string; readonly label: string }[];
  disabled?: boolean;
}

/** One of several, in the browser's own list. */
export function SelectField({ label, hint, error, value, onValue, options, disabled }: SelectFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(ties) => (
        <select
          {...ties}
          class="ui-input"
          value={value}
          disabled={disabled}
          onChange={(event) => onValue(event.currentTarget.value)}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
