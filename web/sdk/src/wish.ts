/**
 * With which pictures one takes part. Owns the choice, who hears of it, and the camera that it
 * switches off; what the choice means for packets is the server's.
 */

import type { ClientMessage, Pictures } from './protocol';
import type { Cell } from './signal';

export interface WishOwner {
  /** Sends to the server; only while one is in the room. */
  send(message: ClientMessage): void;
  /** What is asked for from the server follows. */
  limit(wish: Pictures): void;
  readonly camera: { readonly on: { readonly value: boolean }; set(on: boolean): Promise<void> };
}

export class Wish {
  readonly #value: Cell<Pictures>;
  readonly #owner: WishOwner;
  /** It was chosen on this page; before that the server's word holds, as after a reload. */
  #chosen = false;
  /** Sound only switched the camera off, so it comes back with the pictures. */
  #cameraOwed = false;

  constructor(value: Cell<Pictures>, owner: WishOwner) {
    this.#value = value;
    this.#owner = owner;
  }

  /** The person chooses. */
  choose(wish: Pictures): Promise<void> {
    this.#chosen = true;
    return this.#take(wish);
  }

  /** The server says what it has. It holds where nothing was chosen here. */
  told(wish: Pictures | undefined): void {
    if (wish !== undefined && !this.#chosen) void this.#take(wish).catch(() => undefined);
  }

  /** The server has to hear it (again). */
  renew(): void {
    if (this.#chosen) this.#owner.send({ type: 'pictures', pictures: this.#value.value });
  }

  /** Whoever switches the camera on wants pictures again: with sound only nobody would see it. */
  cameraWanted(): void {
    this.#cameraOwed = false;
    if (this.#value.value === 'none') void this.choose('full');
  }

  async #take(wish: Pictures): Promise<void> {
    if (wish === this.#value.value) return;
    this.#value.set(wish);
    this.renew();
    this.#owner.limit(wish);
    const { camera } = this.#owner;
    if (wish === 'none') {
      this.#cameraOwed = camera.on.value;
      await camera.set(false);
    } else if (this.#cameraOwed) {
      this.#cameraOwed = false;
      await camera.set(true);
    }
  }
}
