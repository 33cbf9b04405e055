/**
 * The desk of one clinician: the board, at most one open call, and the turn from one to the next.
 *
 * Owns the call's life: made on entering, gone after leaving or the end. Knows no screen. How a call
 * is made is handed in, so that tests need neither network nor camera.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { BoardClient, BoardSeat, BoardVisit, VisitClient } from '@bedside/client/clinic';
import { nextUp } from './model/board';

/** A room that one is in, or on the way into. */
export interface OpenCall {
  readonly visit: string;
  readonly client: VisitClient;
}

/** A wish to go to another visit while a call is open; it needs a yes. */
export interface Switch {
  readonly to: BoardVisit;
  /** Whom to let in there. */
  readonly seat: BoardSeat | null;
}

/** A call and how to let go of everything it holds. */
export interface MadeCall {
  readonly client: VisitClient;
  dispose(): void;
}

export interface Desk {
  readonly board: BoardClient;
  readonly call: ReadonlySignal<OpenCall | null>;
  /** What is on the screen. The call goes on while the board is looked at. */
  readonly showing: ReadonlySignal<'board' | 'call'>;
  /** The visit to turn to after one has ended. */
  readonly highlight: ReadonlySignal<string | null>;
  readonly switching: ReadonlySignal<Switch | null>;
  /** Goes into a room; asks first (`switching`) when another call is open. */
  enter(visit: BoardVisit): void;
  /**
   * Lets somebody in. With `enter` one is in the room before them; a refusal is then told to
   * `onRefused`, because the screen has changed meanwhile. Without, it rejects with a `BedsideError`.
   */
  admit(visit: BoardVisit, seat: BoardSeat, enter: boolean): Promise<void>;
  answerSwitch(yes: boolean): void;
  show(what: 'board' | 'call'): void;
  /** Leaves the room; the others stay. */
  leave(): void;
  /** Away from a call that is over for this page. */
  dismiss(): void;
  dispose(): void;
}

/** Makes a desk around a board that is connected already. */
export function createDesk(
  board: BoardClient,
  makeCall: (visit: string) => MadeCall,
  onRefused: (caught: unknown) => void,
): Desk {
  const call = signal<(OpenCall & { readonly made: MadeCall }) | null>(null);
  const showing = signal<'board' | 'call'>('board');
  const highlight = signal<string | null>(null);
  const switching = signal<Switch | null>(null);
  let stopWatching = () => {};

  const close = () => {
    stopWatching();
    stopWatching = () => {};
    const open = call.value;
    call.value = null;
    showing.value = 'board';
    open?.made.dispose();
  };

  const open = (visit: string): VisitClient => {
    const made = makeCall(visit);
    call.value = { visit, client: made.client, made };
    showing.value = 'call';
    highlight.value = null;
    stopWatching = made.client.phase.subscribe((phase) => {
      if (phase !== 'ended') return;
      // The client is still telling its listeners: take it down when it is done.
      queueMicrotask(() => {
        if (call.value?.client !== made.client) return;
        close();
        highlight.value = nextUp(board.visits.value, visit)?.visit ?? null;
      });
    });
    return made.client;
  };

  const admitInside = async (client: VisitClient, seat: BoardSeat): Promise<void> => {
    // Without a way in, the room's own screen says why.
    if (await isInside(client)) await client.admit(seat.seat).catch(onRefused);
  };

  return {
    board,
    call,
    showing,
    highlight,
    switching,
    enter(visit) {
      if (call.value?.visit === visit.visit) showing.value = 'call';
      else if (call.value) switching.value = { to: visit, seat: null };
      else open(visit.visit);
    },
    async admit(visit, seat, enter) {
      const now = call.value;
      if (now?.visit === visit.visit) {
        showing.value = 'call';
        return admitInside(now.client, seat);
      }
      if (!enter) return board.admit(visit.visit, seat.seat);
      if (now) {
        switching.value = { to: visit, seat };
        return undefined;
      }
      return admitInside(open(visit.visit), seat);
    },
    answerSwitch(yes) {
      const wish = switching.value;
      switching.value = null;
      if (!yes || !wish) return;
      call.value?.client.leave();
      close();
      const client = open(wish.to.visit);
      if (wish.seat) void admitInside(client, wish.seat);
    },
    show(what) {
      showing.value = what === 'call' && call.value ? 'call' : 'board';
    },
    leave() {
      call.value?.client.leave();
      close();
    },
    dismiss: close,
    dispose() {
      close();
      board.dispose();
    },
  };
}

/** Resolves once it is certain whether one is in the room. */
function isInside(client: VisitClient): Promise<boolean> {
  return new Promise((resolve) => {
    let stop = () => {};
    const settle = (answer: boolean) => {
      resolve(answer);
      // `subscribe` may call at once, before it has told how to stop.
      queueMicrotask(() => stop());
    };
    stop = client.phase.subscribe((phase) => {
      if (phase === 'admitted' || phase === 'in_call') settle(true);
      else if (phase === 'refused' || phase === 'ended' || phase === 'removed' || phase === 'taken_over') settle(false);
    });
  });
}
