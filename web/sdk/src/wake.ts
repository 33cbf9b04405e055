/** Keeps the screen on while a person waits or talks: a dark screen stops the camera on phones. */

import type { Env } from './env';
import { Cleanup } from './signal';

/** The lock of the browser, where there is one. */
interface Lock {
  readonly released: boolean;
  release(): Promise<void>;
}

export type LockScreen = () => Promise<Lock>;

export const browserLock: LockScreen | undefined =
  typeof navigator !== 'undefined' && 'wakeLock' in navigator
    ? () => navigator.wakeLock.request('screen')
    : undefined;

export class WakeLock {
  readonly #cleanup = new Cleanup();
  readonly #lock: LockScreen | undefined;
  readonly #visible: () => boolean;
  #wanted = false;
  #held: Lock | null = null;
  #asking = false;

  constructor(env: Env, lock: LockScreen | undefined = browserLock) {
    this.#lock = lock;
    this.#visible = () => env.page.visible();
    // The browser takes the lock away with every look at another page.
    this.#cleanup.add(env.page.on('visibility', () => void this.#follow()));
  }

  want(on: boolean): void {
    this.#wanted = on;
    void this.#follow();
  }

  dispose(): void {
    this.#cleanup.run();
    this.want(false);
  }

  async #follow(): Promise<void> {
    if (!this.#wanted) {
      const held = this.#held;
      this.#held = null;
      await held?.release().catch(() => undefined);
      return;
    }
    if (this.#lock === undefined || this.#asking || !this.#visible()) return;
    if (this.#held !== null && !this.#held.released) return;
    this.#asking = true;
    try {
      this.#held = await this.#lock();
    } catch {
      // Low battery or not allowed: the visit goes on, the screen may go dark.
    }
    this.#asking = false;
    if (!this.#wanted) await this.#follow();
  }
}
