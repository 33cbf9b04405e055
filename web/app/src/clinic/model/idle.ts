/**
 * When to sign somebody out who has walked away from the screen.
 *
 * Owns the arithmetic only. The server ends the session by itself after the same time; the page is
 * first, so that the screen with names on it goes away too. Time is an argument, in milliseconds of
 * any steady clock.
 */

/** Without a key, a tap or a call for this long, the session ends. */
export const IDLE_LIMIT_MS = 15 * 60_000;
/** The warning stands on the screen for the last part of it. */
export const IDLE_WARNING_MS = 2 * 60_000;
/** Signs of life are passed on to the server at most this often. */
export const TOUCH_EVERY_MS = 60_000;

/** What the idle clock says. */
export type Idle =
  | { readonly kind: 'active' }
  | { readonly kind: 'warning'; readonly leftMs: number }
  | { readonly kind: 'over' };

/** Reads the idle clock. A live call is use, whoever touches the mouse. */
export function idleAt(nowMs: number, lastUseMs: number, inCall: boolean): Idle {
  if (inCall) return { kind: 'active' };
  const leftMs = lastUseMs + IDLE_LIMIT_MS - nowMs;
  if (leftMs <= 0) return { kind: 'over' };
  return leftMs <= IDLE_WARNING_MS ? { kind: 'warning', leftMs } : { kind: 'active' };
}

/** Whether use at `nowMs` should be told to the server, who was told last at `touchedMs`. */
export function touchDue(nowMs: number, touchedMs: number): boolean {
  return nowMs - touchedMs >= TOUCH_EVERY_MS;
}
