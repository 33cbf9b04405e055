/** More things to fill in: longer text, yes or no, one of few. */
import type { KeyboardEventHandler, Ref } from 'preact';
import { useId } from 'preact/hooks';
import { Field, type Common } from './Field';

/** What the browser may know about a longer text. */
interface Area {
  name?: string;
  rows?: number;
  placeholder?: string;
  maxLength?: number;
  required?: boolean;
  disabled?: boolean;
  autofocus?: boolean;
  onKeyDown?: KeyboardEventHandler<HTMLTextAreaElement>;
}

export interface TextAreaProps extends Common, Area {
  value: string;
  onValue: (value: string) => void;
  areaRef?: Ref<HTMLTextAreaElement>;
}

/** Several lines of text. */
export function TextArea({ label, hint, error, value, onValue, areaRef, ...rest }: TextAreaProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(ties) => (
        <textarea
          rows={2}
          {...rest}
          {...ties}
          ref={areaRef ?? null}
          class="ui-input"
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export interface CheckFieldProps {
  label: string;
  hint?: string;
  checked: boolean;
  onChecked: (checked: boolean) => void;
  disabled?: boolean;
}

/** Yes or no. The whole row can be pressed. */
export function CheckField({ label, hint, checked, onChecked, disabled }: CheckFieldProps) {
  const id = useId();
  return (
    <div class="ui-check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChecked(event.currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      {hint ? (
        <p class="ui-field__hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
    </div>
  );
}

export interface ChoiceFieldProps<V extends string> {
  label: string;
  /** Hides the label from the eye; it stays for screen readers. */
  quietLabel?: boolean;
  value: V | null;
  onValue: (value: V) => void;
  options: readonly { readonly value: V; readonly label: string; readonly hint?: string }[];
  /** `row`: side by side while there is room. `stack`: one below the other. */
  flow?: 'row' | 'stack';
}

/** One of few, all visible. */
export function ChoiceField<V extends string>({
  label,
  quietLabel = false,
  value,
  onValue,
  options,
  flow = 'stack',
}: ChoiceFieldProps<V>) {
  const name = useId();
  return (
    <fieldset class={`ui-choice ui-choice--${flow}`}>
      <legend class={quietLabel ? 'ui-hidden' : 'ui-field__label'}>{label}</legend>
      {options.map((option) => (
        <label key={option.value} class="ui-choice__option">
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={value === option.value}
            onChange={() => onValue(option.value)}
          />
          <span>
            {option.label}
            {option.hint ? <span class="ui-field__hint">{option.hint}</span> : null}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
