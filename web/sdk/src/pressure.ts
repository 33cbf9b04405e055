/**
 * Relief for a machine that cannot keep up, and for a path that carries no more than sound. Owns when the
 * camera is sent smaller or not at all, and when it is tried again; what "smaller" means for each layer is
 * decided in `encodings.ts`. Pure: time is an argument.
 *
 * Without a camera nothing fills the path, so the browser cannot tell how much it would carry: whether it is
 * wide again is found out by trying, at longer and longer intervals.
 */

import type { LimitedBy } from './protocol';

/** How much smaller the camera is sent: 0 not at all, 1 less, 2 least, 3 it rests. */
export type Relief = 0 | 1 | 2 | 3;

/** The processor has to be the limit for this long before anything is made smaller, in milliseconds. */
export const PRESSURE_MS = 10_000;
/** So long without pressure before one step back is tried, in milliseconds. */
export const CALM_MS = 60_000;
/** A step back that failed makes the next one wait twice as long, up to this, in milliseconds. */
export const MAX_CALM_MS = 480_000;

/** Below so much a path out carries sound and nothing else, in bit/s. */
export const SOUND_ONLY_BPS = 100_000;
/** So long the camera rests before it is tried again, in milliseconds. */
export const REST_MS = 20_000;
/** A trial that failed makes the next one wait twice as long, up to this, in milliseconds. */
export const MAX_REST_MS = 160_000;
/** A path that is narrow again so soon after a trial has not become wide, in milliseconds. */
export const RELAPSE_MS = 30_000;

export class Pressure {
  #relief: Exclude<Relief, 3> = 0;
  /** Since when the camera rests. */
  #restsSinceMs: number | null = null;
  #restMs = REST_MS;
  /** Looks in a row at which too little was there. */
  #lowLooks = 0;
  /** When it was sent again. */
  #wokeAtMs: number | null = null;
  /** Since when the processor is the limit; `null` while it is not. */
  #pressedSinceMs: number | null = null;
  /** Since when it is not, while relief is given. */
  #calmSinceMs: number | null = null;
  #calmMs = CALM_MS;
  /** When the last step back was made. */
  #triedAtMs: number | null = null;

  get relief(): Relief {
    return this.#restsSinceMs === null ? this.#relief : 3;
  }

  /**
   * Takes in what limits the camera at `nowMs`, and what the browser believes it can send while it sends one.
   * Returns how much smaller it should be sent.
   */
  judge(nowMs: number, limitedBy: LimitedBy, availableBps?: number): Relief {
    if (limitedBy === 'cpu') this.#pressed(nowMs);
    else this.#calm(nowMs);
    if (this.#restsSinceMs === null) this.#narrow(nowMs, availableBps);
    // A camera that was switched off while it rested does not rest.
    else if (availableBps === undefined || nowMs - this.#restsSinceMs >= this.#restMs) {
      this.#restsSinceMs = null;
      this.#wokeAtMs = nowMs;
    }
    return this.relief;
  }

  /** Another call, or none: nothing is known of the machine any more. */
  reset(): void {
    this.#relief = 0;
    this.#pressedSinceMs = null;
    this.#calmSinceMs = null;
    this.#calmMs = CALM_MS;
    this.#triedAtMs = null;
    this.#restsSinceMs = null;
    this.#restMs = REST_MS;
    this.#lowLooks = 0;
    this.#wokeAtMs = null;
  }

  #narrow(nowMs: number, availableBps: number | undefined): void {
    if (availableBps === undefined || availableBps >= SOUND_ONLY_BPS) {
      this.#lowLooks = 0;
      return;
    }
    this.#lowLooks += 1;
    const relapse = this.#wokeAtMs !== null && nowMs - this.#wokeAtMs < RELAPSE_MS;
    // One bad look is a dip, unless so little is left that the sound is next.
    if (this.#lowLooks < 2 && !relapse && availableBps >= SOUND_ONLY_BPS / 2) return;
    this.#restMs = relapse ? Math.min(this.#restMs * 2, MAX_REST_MS) : REST_MS;
    this.#restsSinceMs = nowMs;
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
