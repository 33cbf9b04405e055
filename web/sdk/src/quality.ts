/**
 * The loop that looks at a call's statistics: it samples, and hands on what the server puts together with
 * its own view and the others'. What the figures mean is in `judge.ts`.
 */

import type { Cancel, Env } from './env';
import type { Pressure, Relief } from './pressure';
import { MAX_INTERVAL_MS, MIN_INTERVAL_MS, type QualityReport } from './protocol';
import { Cell } from './signal';
import type * as Stats from './stats';
import type { Snapshot, Surroundings } from './stats';
import type { CallQuality } from './types';

/** How often figures are made and reported, in milliseconds. */
export const QUALITY_EVERY_MS = 5_000;

type Code = typeof Stats;

export interface QualityOwner {
  stats(): Promise<RTCStatsReport | null>;
  videoPaused(): boolean;
  /** What the page knows besides the statistics. */
  surroundings(): Surroundings;
  /** Fresh figures. */
  report(reported: QualityReport): void;
}

/** Samples while it runs. */
export class QualityLoop {
  readonly quality = new Cell<CallQuality>({ level: 'good', reasons: [], figures: null });
  readonly #env: Env;
  readonly #owner: QualityOwner;
  #before: Snapshot | null = null;
  #pressure: Pressure | null = null;
  #code: Code | null = null;
  #timer: Cancel | null = null;

  constructor(env: Env, owner: QualityOwner) {
    this.#env = env;
    this.#owner = owner;
  }

  start(): void {
    // Fetched as the call begins: a line that is too narrow for sound and pictures, for which it is there, brings
    // nothing any more.
    this.#fetch().catch(() => undefined);
    this.#timer ??= this.#env.after(QUALITY_EVERY_MS, () => {
      this.#timer = null;
      void this.#sample();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.();
    this.#timer = null;
    this.#before = null;
    this.#pressure = null;
    this.quality.set({ level: 'good', reasons: [], figures: null });
  }

  /** How much smaller the camera should be sent, by what was reported last. */
  get relief(): Relief {
    return this.#pressure?.relief ?? 0;
  }

  /** Another connection is counted from now on: what was counted before says nothing about it. */
  recount(): void {
    this.#before = null;
  }

  /** Something changed that is not a figure: judge the last figures anew. */
  rejudge(): void {
    const { figures } = this.quality.value;
    if (figures !== null && this.#code !== null) this.quality.set(this.#code.judge(figures, this.#owner.videoPaused()));
  }

  async #fetch(): Promise<Code> {
    return (this.#code ??= await import('./stats'));
  }

  async #sample(): Promise<void> {
    const [stats, code] = await Promise.all([this.#owner.stats(), this.#fetch()]).catch(() => [null, null]);
    if (stats === null || code === null || this.#timer === null) {
      this.recount();
      return;
    }
    const after = code.snapshot(stats, this.#env.nowMs());
    const before = this.#before;
    this.#before = after;
    if (before === null) return;
    const passedMs = after.atMs - before.atMs;
    // A page that slept does not know what happened meanwhile.
    if (passedMs < MIN_INTERVAL_MS || passedMs > MAX_INTERVAL_MS) return;
    const reported = code.report(before, after, this.#owner.surroundings());
    const { camera, link } = reported;
    this.#pressure ??= new code.Pressure();
    const sends = camera?.source === 'live';
    this.#pressure.judge(after.atMs, code.limitedBy(reported), sends ? link.available_outgoing_bps : undefined);
    if (camera !== undefined && this.relief === 3) camera.rests = true;
    this.quality.set(code.judge(code.digest(reported), this.#owner.videoPaused()));
    this.#owner.report(reported);
  }
}
