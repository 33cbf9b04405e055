/**
 * Which way sound and pictures take: through the server, or directly to the only other person. Owns
 * the one value that pages show, and that the code of the direct way is loaded only when the server
 * opens one.
 */

import type { Direct, DirectOwner, DirectWord } from './direct';
import type { Env } from './env';
import type { Person, Source } from './protocol';
import { Cell } from './signal';
import type { CallPath } from './types';

export type WayOwner = Omit<DirectOwner, 'person'> & { people(): readonly Person[] };

export class Way {
  readonly path = new Cell<CallPath>('server');
  readonly #env: Env;
  readonly #owner: WayOwner;
  #direct: Direct | null = null;
  /** Words are heard in order, also those that come while the code is being loaded. */
  #queue: Promise<void> = Promise.resolve();
  /** Counts endings; words of before are not heard. */
  #life = 0;
  #relayed = false;

  constructor(env: Env, owner: WayOwner) {
    this.#env = env;
    this.#owner = owner;
  }

  hear(word: DirectWord): void {
    const life = this.#life;
    this.#queue = this.#queue.then(async () => {
      try {
        this.#direct ??= await this.#load();
      } catch {
        // Without the code there is no direct way; the server's goes on.
        if (word.type === 'direct_open') this.#owner.send({ type: 'direct_down', attempt: word.attempt });
        return;
      }
      if (life !== this.#life) return;
      if (word.type === 'direct_open') this.#relayed = word.relay_only;
      this.#direct.hear(word);
    });
  }

  /** The connection in use as the browser counts it; `null` when that is the server's. */
  stats(): Promise<RTCStatsReport> | null {
    return this.#direct?.stats() ?? null;
  }

  /** Whose stream is counted there. */
  owner(stat: { readonly kind?: string }): { readonly seat: string; readonly source: Source } | null {
    const seat = this.#direct?.on === true ? this.#direct.seat : null;
    return seat === null ? null : { seat, source: stat.kind === 'audio' ? 'mic' : 'camera' };
  }

  setLocal(source: Source, track: MediaStreamTrack | null): void {
    this.#direct?.setLocal(source, track);
  }

  /** The camera has to be sent smaller, or may be larger again. */
  relieve(): void {
    this.#direct?.relieve();
  }

  /** The server said something new about people. */
  people(): void {
    this.#direct?.people();
  }

  /** There is no socket: nobody could end it in order, so it goes back to the server's way by itself. */
  leave(): void {
    this.#life += 1;
    this.#direct?.leave();
  }

  close(): void {
    this.#life += 1;
    this.#direct?.close();
  }

  async #load(): Promise<Direct> {
    const { Direct } = await import('./direct');
    const owner = this.#owner;
    return new Direct(this.#env, {
      ...owner,
      person: (seat) => owner.people().find((p) => p.seat === seat),
      rest: (rests) => {
        this.path.set(!rests ? 'server' : this.#relayed ? 'relayed' : 'direct');
        owner.rest(rests);
      },
    });
  }
}
