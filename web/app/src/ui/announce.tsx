/**
 * Words for screen readers and passing notes for everybody. `announce` speaks only; `toast` speaks
 * and shows. Toasts stay until they are closed or the cause is gone: nothing hides by itself.
 */
import { signal } from '@preact/signals';
import { IconButton } from './Button';
import { IconClose } from './icons';
import type { Tone } from './Banner';

/** `assertive` interrupts what is being read: for calls and losses, not for news. */
export type Urgency = 'polite' | 'assertive';

const spoken = { polite: signal(''), assertive: signal('') };

/** Says something to screen-reader users. Saying the same again is heard again. */
export function announce(text: string, urgency: Urgency = 'polite'): void {
  const region = spoken[urgency];
  // A region that keeps its text is silent: a no-break space at the end makes it new.
  region.value = region.value === text ? `${text}\u00a0` : text;
}

/** A note on the screen. */
export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: Tone;
}

/** The notes on the screen, oldest first. */
export const toasts = signal<readonly Toast[]>([]);

/** More than this push the oldest out. */
const MOST_TOASTS = 3;
let lastId = 0;

/** Shows and says a note. Returns the way to take it back. */
export function toast(text: string, tone: Tone = 'info'): () => void {
  lastId += 1;
  const id = lastId;
  toasts.value = [...toasts.value.filter((other) => other.text !== text), { id, text, tone }].slice(-MOST_TOASTS);
  announce(text, tone === 'danger' ? 'assertive' : 'polite');
  return () => dropToast(id);
}

/** Takes a note off the screen. */
export function dropToast(id: number): void {
  toasts.value = toasts.value.filter((other) => other.id !== id);
}

/** The regions that screen readers listen to. Put it into a page once, and keep it there. */
export function LiveRegions() {
  return (
    <>
      <div class="ui-hidden" role="status">
        {spoken.polite.value}
      </div>
      <div class="ui-hidden" role="alert">
        {spoken.assertive.value}
      </div>
    </>
  );
}

/** Shows the notes. They stand in the flow of the page or of a bar, never over a control. */
export function Toasts({ closeLabel }: { closeLabel: string }) {
  if (toasts.value.length === 0) return null;
  return (
    <ul role="list" class="ui-toasts">
      {toasts.value.map(({ id, text, tone }) => (
        <li key={id} class={`ui-toast ui-toast--${tone}`}>
          <span>{text}</span>
          <IconButton icon={IconClose} label={closeLabel} onClick={() => dropToast(id)} />
        </li>
      ))}
    </ul>
  );
}
