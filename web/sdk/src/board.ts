/** The clinic's live board. Owns the list of today's visits; each change comes from the server. */

import { browserEnv, type Env } from './env';
import { call } from './http';
import type { BoardVisit, ServerMessage, Token } from './protocol';
import { BedsideError } from './errors';
import { Cell, Emitter } from './signal';
import { Wire } from './socket';
import { timestampToMs } from './time';
import type { BedsideErrorShape, BoardClient, BoardEvent, Connection, Value } from './types';

export class Board implements BoardClient {
  readonly visits = new Cell<readonly BoardVisit[]>([]);
  readonly ready = new Cell(false);
  readonly clockOffsetMs = new Cell(0);
  readonly failure = new Cell<BedsideErrorShape | null>(null);
  readonly connection: Value<Connection>;

  readonly #env: Env;
  readonly #events = new Emitter<BoardEvent>();
  readonly #wire: Wire;

  constructor(env: Env) {
    this.#env = env;
    this.#wire = new Wire(env, {
      token: async (timeoutMs) => (await call<Token>('POST', 'board/token', {}, env.fetch, timeoutMs)).token,
      resume: () => ({}),
      isGreeting: (message) => message.type === 'board',
      message: (message) => this.#message(message),
      lost: () => undefined, // The list stays on the screen; `connection` tells its age.
      refused: (error) => this.failure.set(error),
    });
    this.connection = this.#wire.connection;
    this.#wire.start();
  }

  admit(visit: string, seat: string): Promise<void> {
    return this.#wire.command({ type: 'admit', visit, seat });
  }

  note(visit: string, seat: string, text: string): Promise<void> {
    return this.#wire.command({ type: 'note', visit, seat, id: this.#env.id(), text });
  }

  reconnectNow(): void {
    this.#wire.reconnectNow();
  }

  on<K extends BoardEvent['type']>(
    type: K,
    listener: (event: Extract<BoardEvent, { type: K }>) => void,
  ): () => void {
    return this.#events.on(type, listener);
  }

  dispose(): void {
    this.#wire.stop();
  }

  #message(message: ServerMessage): void {
    switch (message.type) {
      case 'board':
        this.clockOffsetMs.set(timestampToMs(message.now) - this.#env.wallMs());
        this.#show(message.visits);
        this.ready.set(true);
        break;
      case 'board_visit': {
        const others = this.visits.value.filter((v) => v.visit !== message.visit.visit);
        this.#show([...others, message.visit]);
        break;
      }
      case 'board_gone':
        this.visits.set(this.visits.value.filter((v) => v.visit !== message.visit));
        break;
      case 'error':
        this.#events.emit({ type: 'error', error: BedsideError.from(message.error) });
        break;
      default:
        break;
    }
  }

  #show(visits: readonly BoardVisit[]): void {
    const waited = new Set(waitingSeats(this.visits.value).map(({ seat }) => seat.seat));
    const invited = new Set(invitations(this.visits.value).map((visit) => visit.visit));
    const wasReady = this.ready.value;
    const key = (visit: BoardVisit) => visit.visit;
    this.visits.set(
      // Visits of the same minute keep the order in which they were booked (ids grow with time).
      [...visits].sort((a, b) => a.scheduled_at - b.scheduled_at || (key(a) < key(b) ? -1 : 1)),
    );
    if (!wasReady) return;
    for (const { visit, seat } of waitingSeats(this.visits.value)) {
      if (!waited.has(seat.seat)) this.#events.emit({ type: 'waiting', visit, seat });
    }
    for (const visit of invitations(this.visits.value)) {
      if (!invited.has(visit.visit)) this.#events.emit({ type: 'invited', visit });
    }
  }
}

function waitingSeats(visits: readonly BoardVisit[]) {
  return visits.flatMap((visit) =>
    visit.seats.filter((seat) => seat.state === 'waiting').map((seat) => ({ visit, seat })),
  );
}

function invitations(visits: readonly BoardVisit[]) {
  return visits.filter((visit) => visit.invited);
}

/** Opens the board of whoever is signed in. */
export function createBoard(): BoardClient {
  return new Board(browserEnv());
}
