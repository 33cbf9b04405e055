/**
 * Relief for a machine that cannot keep up. Owns when the camera is sent smaller and when it is tried
 * in full again; what "smaller" means for each layer is decided in `media.ts`. Pure: time is an
 * argument.
 */

import type { LimitedBy } from './protocol';

/** How much smaller the camera is sent: 0 not at all, 1 less, 2 least. */
export type Relief = 0 | 1 | 2;

/** The processor has to be the limit for this long before anything is made smaller, in milliseconds. */
export const PRESSURE_MS = 10_000;
/** So long without pressure before one step back is tried, in milliseconds. */
export const CALM_MS = 60_000;
/** A step back that failed makes the next one wait twice as long, up to this, in milliseconds. */
export const MAX_CALM_MS = 480_000;

export class Pressure {
  #relief: Relief = 0;
  /** Since when the processor is the limit; `null` while it is not. */
  #pressedSinceMs: number | null = null;
  /** Since when it is not, while relief is given. */
  #calmSinceMs: number | null = null;
  #calmMs = CALM_MS;
  /** When the last step back was made. */
  #triedAtMs: number | null = null;

  get relief(): Relief {
    return this.#relief;
  }

  /** Takes in what limits the camera at `nowMs`; returns how much smaller it should be sent. */
  judge(nowMs: number, limitedBy: LimitedBy): Relief {
    if (limitedBy === 'cpu') this.#pressed(nowMs);
    else this.#calm(nowMs);
    return this.#relief;
  }

  /** Another call, or none: nothing is known of the machine any more. */
  reset(): void {
    this.#relief = 0;
    this.#pressedSinceMs = null;
    this.#calmSinceMs = null;
    this.#calmMs = CALM_MS;
    this.#triedAtMs = null;
  }

  #pressed(nowMs: number): void {
    this.#calmSinceMs = null;
    this.#pressedSinceMs ??= nowMs;
    if (this.#relief === 2 || nowMs - this.#pressedSinceMs < PRESSURE_MS) return;
    // Pressure soon after a step back says that the step was too early.
    const relapse = this.#triedAtMs !== null && nowMs - this.#triedAtMs < CALM_MS;
    this.#calmMs = relapse ? Math.min(this.#calmMs * 2, MAX_CALM_MS) : CALM_MS;
    this.#triedAtMs = null;
    this.#relief = this.#relief === 0 ? 1 : 2;
    // The step takes a while to show: it is given the same time again.
    this.#pressedSinceMs = nowMs;
  }

  #calm(nowMs: number): void {
    this.#pressedSinceMs = null;
    if (this.#relief === 0) return;
    this.#calmSinceMs ??= nowMs;
    if (nowMs - this.#calmSinceMs < this.#calmMs) return;
    this.#relief = this.#relief === 2 ? 1 : 0;
    this.#triedAtMs = nowMs;
    this.#calmSinceMs = nowMs;
  }
}
