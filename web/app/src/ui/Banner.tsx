/** Messages that stay in the page until their cause is gone. */
import type { ComponentChildren } from 'preact';
import { IconCheck, IconInfo, IconWarning } from './icons';

/** How much a message matters. */
export type Tone = 'info' | 'ok' | 'warn' | 'danger';

const ICONS = { info: IconInfo, ok: IconCheck, warn: IconWarning, danger: IconWarning } as const;

export interface BannerProps {
  tone?: Tone;
  title?: string;
  children?: ComponentChildren;
  /** What can be done about it: one or two buttons. */
  actions?: ComponentChildren;
  /** Announces itself when it appears: `assertive` interrupts the reader. */
  live?: 'off' | 'polite' | 'assertive';
}

/** A box with an icon, a sentence and perhaps a button. */
export function Banner({ tone = 'info', title, children, actions, live = 'off' }: BannerProps) {
  const ToneIcon = ICONS[tone];
  const role = live === 'assertive' ? 'alert' : live === 'polite' ? 'status' : undefined;
  return (
    <div class={`ui-banner ui-banner--${tone}`} role={role}>
      <ToneIcon size={1.4} />
      <div class="ui-banner__words">
        {title ? <p class="ui-banner__title">{title}</p> : null}
        {children ? <div>{children}</div> : null}
      </div>
      {actions ? <div class="ui-banner__actions">{actions}</div> : null}
    </div>
  );
}

export interface BadgeProps {
  tone?: Tone | 'plain';
  children: ComponentChildren;
}

/** A state in one or two words. */
export function Badge({ tone = 'plain', children }: BadgeProps) {
  return <span class={`ui-badge ui-badge--${tone}`}>{children}</span>;
}

export interface EmptyStateProps {
  title: string;
  children?: ComponentChildren;
  /** The one next step. */
  action?: ComponentChildren;
}

/** What a list shows when it has nothing. */
export function EmptyState({ title, children, action }: EmptyStateProps) {
  return (
    <div class="ui-empty">
      <p class="ui-empty__title">{title}</p>
      {children ? <div class="ui-empty__words">{children}</div> : null}
      {action ?? null}
    </div>
  );
}
