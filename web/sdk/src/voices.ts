/**
 * Who speaks while two people talk past the server, by the rules of the server's own watch
 * (`crates/sfu/src/speaker.rs`): a cough does not change it, and neither does a breath. Pure: time is
 * an argument.
 */

/** Smoothing time of levels, in milliseconds. */
const SMOOTH_MS = 300;
/** From this level on somebody speaks, in dBov (0 is loudest, −127 silence). */
const SPEECH_DBOV = -50;
const SILENCE_DBOV = -127;
/** How much louder somebody else has to be, in dB, and for how long, in milliseconds. */
const MARGIN_DB = 6;
const CHALLENGE_MS = 500;
/** How long nobody has to speak until nobody is shown, in milliseconds. */
export const QUIET_MS = 3_000;

export class Voices {
  readonly #levels = new Map<string, { dbov: number; atMs: number }>();
  #speaker: string | null = null;
  #rival: { seat: string; sinceMs: number } | null = null;
  #spokeAtMs = Number.NEGATIVE_INFINITY;

  /** The level of somebody's sound now, 0 to 1; who is muted is silent. */
  heard(nowMs: number, seat: string, level: number): void {
    const dbov = level > 0 ? Math.max(SILENCE_DBOV, 20 * Math.log10(level)) : SILENCE_DBOV;
    const before = this.#levels.get(seat);
    const keep = before === undefined ? 0 : Math.exp(-(nowMs - before.atMs) / SMOOTH_MS);
    this.#levels.set(seat, { dbov: dbov + keep * ((before?.dbov ?? 0) - dbov), atMs: nowMs });
  }

  /** Who speaks; `null` is nobody. */
  judge(nowMs: number): string | null {
    const level = (seat: string | null) => (seat === null ? undefined : this.#levels.get(seat)?.dbov) ?? SILENCE_DBOV;
    const current = level(this.#speaker);
    if (current > SPEECH_DBOV) this.#spokeAtMs = nowMs;
    let loudest: string | null = null;
    for (const [seat, { dbov }] of this.#levels) {
      if (dbov > SPEECH_DBOV && dbov > level(loudest)) loudest = seat;
    }
    const over = current <= SPEECH_DBOV || level(loudest) >= current + MARGIN_DB;
    if (loudest === null || loudest === this.#speaker || !over) this.#rival = null;
    else if (this.#rival?.seat !== loudest) this.#rival = { seat: loudest, sinceMs: nowMs };
    else if (this.#speaker === null || nowMs - this.#rival.sinceMs >= CHALLENGE_MS) this.#elect(nowMs, loudest);
    if (loudest === null && nowMs - this.#spokeAtMs >= QUIET_MS) this.#elect(nowMs, null);
    return this.#speaker;
  }

  #elect(nowMs: number, seat: string | null): void {
    this.#speaker = seat;
    this.#rival = null;
    if (seat !== null) this.#spokeAtMs = nowMs;
  }
}
