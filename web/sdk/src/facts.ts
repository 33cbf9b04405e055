/**
 * What the server has said about this visit and about oneself. Owns these values, not what
 * follows from them.
 */

import type { Env } from './env';
import type {
  BoardSeat,
  ConsentAsk,
  ConsentDecision,
  ConsentNow,
  EndReason,
  Purpose,
  ServerMessage,
  Timestamp,
  VisitState,
  WaitingNote,
} from './protocol';
import { Cell } from './signal';
import { timestampToMs } from './time';
import type { BedsideErrorShape, Identity, PictureWish, TileRef, WaitingInfo } from './types';

/** One kind of server message. */
export type Message<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;

export abstract class VisitFacts {
  readonly queue = new Cell<readonly BoardSeat[]>([]);
  readonly waiting = new Cell<WaitingInfo | null>(null);
  readonly notes = new Cell<readonly WaitingNote[]>([]);
  readonly asks = new Cell<readonly ConsentAsk[]>([]);
  readonly consents = new Cell<readonly ConsentNow[]>([]);
  readonly visitState = new Cell<VisitState | null>(null);
  readonly startedAt = new Cell<Timestamp | null>(null);
  readonly clockOffsetMs = new Cell(0);
  readonly endReason = new Cell<EndReason | null>(null);
  readonly holdExpired = new Cell(false);
  readonly failure = new Cell<BedsideErrorShape | null>(null);
  readonly pinned = new Cell<TileRef | null>(null);
  readonly pictures = new Cell<PictureWish>('full');

  protected readonly env: Env;

  protected constructor(env: Env) {
    this.env = env;
  }

  /** Takes in what a welcome says; returns who one is. */
  protected welcomed(welcome: Message<'welcome'>): Identity {
    this.asks.set(welcome.asks);
    this.consents.set(welcome.consents);
    this.visitState.set(welcome.visit_state);
    this.clockOffsetMs.set(timestampToMs(welcome.now) - this.env.wallMs());
    const { seat, visit, role, name, host_name: hostName, scheduled_at: scheduledAt } = welcome;
    return { seat, visit, role, name, hostName, scheduledAt };
  }

  /** The server's time, as far as this machine can tell. */
  protected serverNow(): Timestamp {
    return (this.env.wallMs() + this.clockOffsetMs.value) * 1000;
  }

  protected waitingRoom({ ahead, host_busy, host_here, since }: Message<'waiting'>): void {
    this.waiting.set({ ahead, hostBusy: host_busy, hostHere: host_here, since });
  }

  /** Returns whether the note is new: notes are told again after each reconnect. */
  protected noted(note: WaitingNote): boolean {
    if (this.notes.value.some((known) => known.seq === note.seq)) return false;
    this.notes.set([...this.notes.value, note].sort((a, b) => a.seq - b.seq));
    return true;
  }

  /** The person's answer, shown before the server has it. */
  protected answered(purpose: Purpose, decision: ConsentDecision, textVersion: string): void {
    const others = this.consents.value.filter((consent) => consent.purpose !== purpose);
    this.consents.set([...others, { purpose, decision, text_version: textVersion }]);
  }

  /** Takes in the visit's part of a room. Returns who began to wait. */
  protected roomed(room: Message<'room'>): BoardSeat[] {
    const waits = (seat: BoardSeat) => seat.state === 'waiting';
    const known = new Set(this.queue.value.filter(waits).map((seat) => seat.seat));
    this.queue.set(room.waiting);
    this.visitState.set(room.visit_state);
    this.startedAt.set(room.started_at ?? null);
    return room.waiting.filter((seat) => waits(seat) && !known.has(seat.seat));
  }
}
