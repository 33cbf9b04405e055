/** Things to press. */
import type { ComponentChildren, JSX, Ref } from 'preact';
import type { Icon } from './icons';
import { Spinner } from './Progress';

type NativeButton = Omit<JSX.IntrinsicElements['button'], 'ref' | 'size' | 'icon'>;

/** What a button is for. One `primary` per screen. */
export type ButtonKind = 'primary' | 'secondary' | 'quiet' | 'danger';

export interface ButtonProps extends NativeButton {
  kind?: ButtonKind;
  /** `large`: the one thing to do on a screen. `small`: in rows of a list. */
  scale?: 'small' | 'normal' | 'large';
  icon?: Icon;
  /** Something runs: the button shows it, keeps its width and ignores presses. */
  busy?: boolean;
  /** As wide as its container. */
  wide?: boolean;
  buttonRef?: Ref<HTMLButtonElement>;
  children: ComponentChildren;
}

/** A button with words. */
export function Button({
  kind = 'secondary',
  scale = 'normal',
  icon: ButtonIcon,
  busy = false,
  wide = false,
  buttonRef,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      ref={buttonRef ?? null}
      class={`ui-button ui-button--${kind} ui-button--${scale}${wide ? ' ui-button--wide' : ''}`}
      aria-busy={busy || undefined}
      // `disabled` would throw the focus away while something runs.
      aria-disabled={busy || undefined}
      onClick={busy ? undefined : onClick}
    >
      {busy ? <Spinner /> : ButtonIcon ? <ButtonIcon /> : null}
      <span>{children}</span>
    </button>
  );
}

export interface IconButtonProps extends NativeButton {
  icon: Icon;
  /** The name, always there for screen readers and as a tooltip. */
  label: string;
  kind?: ButtonKind;
  /** On or off, for switches. */
  pressed?: boolean;
  buttonRef?: Ref<HTMLButtonElement>;
}

/** A button with an icon alone. Use it only where the meaning is common knowledge (close, more). */
export function IconButton({ icon: ButtonIcon, label, kind = 'quiet', pressed, buttonRef, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      ref={buttonRef ?? null}
      class={`ui-button ui-button--${kind} ui-button--icon`}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
    >
      <ButtonIcon />
    </button>
  );
}

export interface LinkButtonProps {
  href: string;
  /** Offers the target as a file of this name. */
  download?: string;
  kind?: ButtonKind;
  icon?: Icon;
  wide?: boolean;
  children: ComponentChildren;
}

/** A link that looks like a button: for going somewhere (a telephone number, a file). */
export function LinkButton({ kind = 'secondary', icon: LinkIcon, wide = false, children, ...rest }: LinkButtonProps) {
  return (
    <a {...rest} class={`ui-button ui-button--${kind}${wide ? ' ui-button--wide' : ''}`}>
      {LinkIcon ? <LinkIcon /> : null}
      <span>{children}</span>
    </a>
  );
}
