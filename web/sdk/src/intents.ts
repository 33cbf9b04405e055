/**
 * What the person has decided and the server has not confirmed yet. Owns that no decision is lost
 * with a socket: each is sent again after the next greeting, in order, until the server has
 * handled it.
 */

import { BedsideError } from './errors';
import type { ClientMessage, SeatState } from './protocol';

interface Intent {
  readonly message: ClientMessage;
  /** Whether it still makes sense when one stands here. */
  readonly fits: (state: SeatState) => boolean;
}

export class Intents {
  readonly #command: (message: ClientMessage) => Promise<void>;
  readonly #refused: (error: BedsideError) => void;
  #open: Intent[] = [];

  constructor(
    command: (message: ClientMessage) => Promise<void>,
    refused: (error: BedsideError) => void,
  ) {
    this.#command = command;
    this.#refused = refused;
  }

  add(message: ClientMessage, fits: (state: SeatState) => boolean = () => true): void {
    const intent: Intent = { message, fits };
    this.#open.push(intent);
    this.#send(intent);
  }

  /** The server has greeted and said where one stands. */
  greeted(state: SeatState): void {
    let stand = state;
    const fitting: Intent[] = [];
    for (const intent of this.#open) {
      if (!intent.fits(stand)) continue;
      fitting.push(intent);
      stand = after(intent.message, stand);
    }
    this.#open = fitting;
    for (const intent of fitting) this.#send(intent);
  }

  /** Somebody else decides for this seat now. */
  clear(): void {
    this.#open = [];
  }

  #send(intent: Intent): void {
    this.#command(intent.message).then(
      () => this.#forget(intent),
      (caught: unknown) => {
        const error = caught instanceof BedsideError ? caught : new BedsideError('internal');
        // Not heard: it stays and goes out again after the next greeting.
        if (error.code === 'offline') return;
        this.#forget(intent);
        this.#refused(error);
      },
    );
  }

  #forget(intent: Intent): void {
    this.#open = this.#open.filter((other) => other !== intent);
  }
}

/** Where a message leads, so that several in a row are judged one after the other. */
function after(message: ClientMessage, state: SeatState): SeatState {
  switch (message.type) {
    case 'check':
      return 'consenting';
    case 'recheck':
      return 'checking';
    case 'wait':
      return 'waiting';
    default:
      return state;
  }
}
