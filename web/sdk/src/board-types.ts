/** The public shapes of the clinic's board. This module holds types only; no code. */

import type { BoardSeat, BoardVisit } from './protocol';
import type { BedsideErrorShape, Connection, Value } from './types';

/** What a board page may want to announce. */
export type BoardEvent =
  /** Somebody began to wait. */
  | { readonly type: 'waiting'; readonly visit: BoardVisit; readonly seat: BoardSeat }
  /** A colleague asks the reader to join. */
  | { readonly type: 'invited'; readonly visit: BoardVisit }
  | { readonly type: 'error'; readonly error: BedsideErrorShape };

/** The live list of today's visits. Made by `createBoard()`; connects at once. */
export interface BoardClient {
  /** In time order. Kept while reconnecting. */
  readonly visits: Value<readonly BoardVisit[]>;
  /** Whether the first list has come: before that show a skeleton, not "no visits". */
  readonly ready: Value<boolean>;
  readonly connection: Value<Connection>;
  /** Server clock minus this machine's clock, in milliseconds. */
  readonly clockOffsetMs: Value<number>;
  /** Set when the sign-in ended (`not_signed_in`); the board stops then. */
  readonly failure: Value<BedsideErrorShape | null>;
  admit(visit: string, seat: string): Promise<void>;
  note(visit: string, seat: string, text: string): Promise<void>;
  reconnectNow(): void;
  on<K extends BoardEvent['type']>(
    type: K,
    listener: (event: Extract<BoardEvent, { type: K }>) => void,
  ): () => void;
  dispose(): void;
}
