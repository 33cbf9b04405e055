/**
 * A world without time: clock, page, HTTP and sockets that a test moves by hand. Nothing here
 * sleeps; `advance` runs the timers that are due, in order, and lets promises settle in between.
 */

import type { Cancel, Env, PageLike, PageSignal, SocketLike } from '../../src/env';
import type { Fetch } from '../../src/http';
import type { ClientMessage, ErrorCode, ServerMessage } from '../../src/protocol';
import { FakePeer } from './peer';

/** Lets everything that waits for resolved promises run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await null;
}

type Sent<T extends ClientMessage['type']> = Extract<ClientMessage, { type: T }>;

/** The server's end of a socket, as strict as a browser about its life. */
export class FakeSocket implements SocketLike {
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  state: 'connecting' | 'open' | 'closed' = 'connecting';
  /** Whether the server still answers: a dead network swallows everything. */
  answers = true;
  readonly sent: ClientMessage[] = [];

  send(text: string): void {
    if (this.state === 'connecting') throw new DOMException('still connecting', 'InvalidStateError');
    if (this.state === 'closed') return;
    const message = JSON.parse(text) as ClientMessage;
    this.sent.push(message);
    if (message.type === 'ping' && this.answers) this.say({ type: 'pong', n: message.n });
  }

  close(): void {
    this.state = 'closed';
  }

  open(): void {
    if (this.state !== 'connecting') throw new Error('a socket opens once');
    this.state = 'open';
    (this.onopen as (() => void) | null)?.();
  }

  say(message: ServerMessage): void {
    this.raw(JSON.stringify(message));
  }

  raw(data: unknown): void {
    if (this.state === 'open') (this.onmessage as ((event: unknown) => void) | null)?.({ data });
  }

  /** Refuses a message. */
  refuse(code: ErrorCode, more: { replyTo?: string; retryAfterMs?: number } = {}): void {
    const error = { code, message: code, ...(more.retryAfterMs === undefined ? {} : { retry_after_ms: more.retryAfterMs }) };
    this.say({ type: 'error', error, ...(more.replyTo === undefined ? {} : { reply_to: more.replyTo }) });
  }

  /** The server or the network ends it. */
  drop(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    (this.onclose as (() => void) | null)?.();
  }

  all<T extends ClientMessage['type']>(type: T): Sent<T>[] {
    return this.sent.filter((message): message is Sent<T> => message.type === type);
  }
}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly task: () => void;
}

class FakePage implements PageLike {
  isVisible = true;
  isOnline = true;
  readonly #memory = new Map<string, string>();
  readonly #listeners = new Map<PageSignal, Set<() => void>>();

  visible(): boolean {
    return this.isVisible;
  }

  online(): boolean {
    return this.isOnline;
  }

  on(signal: PageSignal, listener: () => void): Cancel {
    const set = this.#listeners.get(signal) ?? new Set();
    this.#listeners.set(signal, set.add(listener));
    return () => set.delete(listener);
  }

  recall(key: string): string | null {
    return this.#memory.get(key) ?? null;
  }

  remember(key: string, text: string): void {
    this.#memory.set(key, text);
  }

  fire(signal: PageSignal): void {
    for (const listener of Array.from(this.#listeners.get(signal) ?? [])) listener();
  }

  hide(hidden: boolean): void {
    this.isVisible = !hidden;
    this.fire('visibility');
  }

  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }
}

export class World implements Env {
  readonly page = new FakePage();
  readonly sockets: FakeSocket[] = [];
  readonly peers: FakePeer[] = [];
  /** Paths that were called, in order. */
  readonly calls: { readonly path: string; readonly body: unknown; readonly atMs: number }[] = [];
  /** What the next calls answer; a fresh token otherwise. */
  readonly answers: (() => Response | Promise<Response>)[] = [];
  /** What `random()` gives: no jitter by default. */
  chance = 0;
  #nowMs = 1_000;
  #order = 0;
  #ids = 0;
  #timers: Timer[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  random(): number {
    return this.chance;
  }

  id(): string {
    this.#ids += 1;
    return `id-${this.#ids}`;
  }

  after(delayMs: number, task: () => void): Cancel {
    this.#order += 1;
    const timer = { atMs: this.#nowMs + delayMs, order: this.#order, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get timers(): number {
    return this.#timers.length;
  }

  readonly fetch: Fetch = async (url, init) => {
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    this.calls.push({ path: url, body, atMs: this.#nowMs });
    const answer = this.answers.shift();
    return answer === undefined ? json(200, { token: `token-${this.calls.length}` }) : answer();
  };

  socket(): FakeSocket {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  }

  peer(iceServers: RTCIceServer[]): RTCPeerConnection {
    const peer = new FakePeer({ bundlePolicy: 'max-bundle', iceServers });
    this.peers.push(peer);
    return peer as unknown as RTCPeerConnection;
  }

  /** The newest socket. */
  get wire(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('no socket yet');
    return socket;
  }

  /** The newest peer connection. */
  get rtc(): FakePeer {
    const peer = this.peers.at(-1);
    if (peer === undefined) throw new Error('no peer connection yet');
    return peer;
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.task();
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }

  /** Time passes, but the page sleeps: no timer runs until the end, then all that are due. */
  async freeze(ms: number): Promise<void> {
    this.#nowMs += ms;
    await this.advance(0);
  }
}

export function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}

export function refusal(status: number, code: ErrorCode, more: object = {}): Response {
  return json(status, { code, message: code, ...more });
}

export function noNetwork(): Promise<Response> {
  return Promise.reject(new TypeError('Failed to fetch'));
}
