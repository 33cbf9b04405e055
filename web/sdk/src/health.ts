/**
 * Whether the way to the server works, signalling and media taken together. Owns the one value
 * that pages show, and the moments when it breaks and heals.
 */

import type { Env } from './env';
import { Cell } from './signal';
import type { Connection } from './types';

export class Health {
  readonly connection = new Cell<Connection>('online');
  readonly #env: Env;
  readonly #broke: () => void;
  readonly #healed: (afterMs: number) => void;
  #brokenAtMs: number | null = null;

  constructor(env: Env, broke: () => void, healed: (afterMs: number) => void) {
    this.#env = env;
    this.#broke = broke;
    this.#healed = healed;
  }

  /** `media` is whether the media path works, or is not needed now. */
  judge(wire: Connection, media: boolean): void {
    const now: Connection = wire === 'online' && !media ? 'reconnecting' : wire;
    this.connection.set(now);
    if (now !== 'online' && this.#brokenAtMs === null) {
      this.#brokenAtMs = this.#env.nowMs();
      this.#broke();
    } else if (now === 'online' && this.#brokenAtMs !== null) {
      const afterMs = this.#env.nowMs() - this.#brokenAtMs;
      this.#brokenAtMs = null;
      this.#healed(afterMs);
    }
  }

  /** Nothing has to work any more. */
  rest(): void {
    this.#brokenAtMs = null;
    this.connection.set('online');
  }
}
