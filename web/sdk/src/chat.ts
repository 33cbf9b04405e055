/**
 * The chat: what is shown, and what is still on its way. Owns order and exactly-once. It never
 * talks to the socket itself; its owner gives it a way to send.
 *
 * The server gives every line a place (`seq`) and ignores an id that it has seen. So lines are
 * sent again after a reconnect without fear, and a line that comes twice is shown once.
 */

import type { Cancel, Env } from './env';
import { BedsideError } from './errors';
import { MAX_CHAT_CHARS, type ChatLine, type ClientMessage, type ErrorBody, type Timestamp } from './protocol';
import { Cell } from './signal';
import type { AnyErrorCode, ChatEntry } from './types';

/** Refusals after which the same line is sent again by itself. */
const PASSING: ReadonlySet<AnyErrorCode> = new Set<AnyErrorCode>(['too_fast', 'store_busy', 'server_closing']);
/** Wait after such a refusal when the server names none, in milliseconds. */
const RETRY_MS = 1_000;

export class Chat {
  readonly entries = new Cell<readonly ChatEntry[]>([]);
  readonly unread = new Cell(0);

  readonly #env: Env;
  readonly #send: (message: ClientMessage) => boolean;
  #mySeat = '';
  #myName = '';
  #lines: ChatEntry[] = [];
  #outbox: ChatEntry[] = [];
  #readSeq = 0;
  /** Lines from before this moment of the server's clock are history, not news. */
  #newsFrom: Timestamp | null = null;
  #open = false;
  #paused: Cancel | null = null;

  constructor(env: Env, send: (message: ClientMessage) => boolean) {
    this.#env = env;
    this.#send = send;
  }

  /** The last line that the page has, for `hello`. */
  get lastSeq(): number | undefined {
    return this.#lines.at(-1)?.seq ?? undefined;
  }

  /** Who writes here. */
  iAm(seat: string, name: string): void {
    this.#mySeat = seat;
    this.#myName = name;
  }

  /**
   * The room is open for writing (again): everything that is not confirmed goes out, in order.
   * `now` is the server's time; the first call decides what is history.
   */
  opened(now: Timestamp): void {
    this.#open = true;
    this.#newsFrom ??= now;
    this.#resume();
    this.#flush();
  }

  /** The socket or the room is gone. Lines stay in the outbox. */
  closed(): void {
    this.#open = false;
    this.#resume();
  }

  write(text: string): string {
    const length = [...text].length;
    if (text.trim() === '' || length > MAX_CHAT_CHARS) throw new BedsideError('bad_field', { field: 'text' });
    const entry: ChatEntry = {
      id: this.#env.id(),
      seat: this.#mySeat,
      name: this.#myName,
      text,
      at: this.#env.wallMs() * 1000,
      seq: null,
      mine: true,
      state: 'sending',
      error: null,
    };
    this.#outbox.push(entry);
    if (this.#open && this.#paused === null) this.#put(entry);
    this.#publish();
    return entry.id;
  }

  retry(id: string): void {
    this.#change(id, { state: 'sending', error: null });
    const entry = this.#outbox.find((e) => e.id === id);
    if (entry !== undefined && this.#open && this.#paused === null) this.#put(entry);
  }

  /** Forgets a line that failed. A line on its way cannot be taken back. */
  drop(id: string): void {
    this.#outbox = this.#outbox.filter((e) => e.id !== id || e.state !== 'failed');
    this.#publish();
  }

  /** Takes lines in. Returns the news: what others wrote since one came. */
  received(lines: readonly ChatLine[]): ChatEntry[] {
    const known = new Set(this.#lines.map((line) => line.seq));
    const fresh: ChatEntry[] = [];
    for (const line of lines) {
      if (known.has(line.seq)) continue;
      known.add(line.seq);
      fresh.push({ ...line, mine: line.seat === this.#mySeat, state: 'sent', error: null });
    }
    if (fresh.length === 0) return [];
    const mine = new Set(fresh.filter((line) => line.mine).map((line) => line.id));
    this.#outbox = this.#outbox.filter((entry) => !mine.has(entry.id));
    this.#lines = [...this.#lines, ...fresh].sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
    this.#publish();
    return fresh.filter((line) => this.#isNews(line));
  }

  /** The server refused a message. Returns whether it was one of the chat. */
  refused(id: string, error: ErrorBody): boolean {
    if (!this.#outbox.some((entry) => entry.id === id)) return false;
    if (!PASSING.has(error.code)) {
      this.#change(id, { state: 'failed', error: error.code });
      return true;
    }
    // Later lines may be on their way already and be taken first; holding the outbox back keeps
    // whatever is not yet sent behind this one.
    this.#paused ??= this.#env.after(error.retry_after_ms ?? RETRY_MS, () => {
      this.#paused = null;
      this.#flush();
    });
    return true;
  }

  /** Everything so far was on the screen. */
  markRead(): void {
    const last = this.lastSeq ?? 0;
    if (last <= this.#readSeq) return;
    this.#readSeq = last;
    this.#send({ type: 'chat_read', seq: last });
    this.#publish();
  }

  #isNews(line: ChatEntry): boolean {
    return !line.mine && line.at >= (this.#newsFrom ?? 0);
  }

  #flush(): void {
    if (!this.#open) return;
    for (const entry of this.#outbox) if (entry.state === 'sending') this.#put(entry);
  }

  #put(entry: ChatEntry): void {
    this.#send({ type: 'chat', id: entry.id, text: entry.text });
  }

  #resume(): void {
    this.#paused?.();
    this.#paused = null;
  }

  #change(id: string, change: Partial<ChatEntry>): void {
    this.#outbox = this.#outbox.map((entry) => (entry.id === id ? { ...entry, ...change } : entry));
    this.#publish();
  }

  #publish(): void {
    this.entries.set([...this.#lines, ...this.#outbox]);
    this.unread.set(this.#lines.filter((line) => this.#isNews(line) && (line.seq ?? 0) > this.#readSeq).length);
  }
}
