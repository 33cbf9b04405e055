/**
 * The signalling socket: token, hello, reconnecting, liveness, and commands that are answered.
 * Owns when to connect and when to give up. Knows nothing of what the messages mean, except
 * greeting, pong and error.
 */

import type { Cancel, Env, SocketLike } from './env';
import { BedsideError } from './errors';
import { PROTOCOL_VERSION, type ClientMessage, type ServerMessage } from './protocol';
import { Cell, Cleanup } from './signal';
import type { AnyErrorCode, Connection } from './types';

/** Waits between attempts, in milliseconds, before jitter; the last one repeats. */
export const RECONNECT_DELAYS_MS: readonly number[] = [0, 300, 1000, 2000, 4000, 5000];
/** Token, handshake and greeting together may take this long, in milliseconds; up to three times as long after failures. */
export const GREETING_TIMEOUT_MS = 8_000;
/**
 * How long the token may take at the first attempts after a loss, in milliseconds. The
 * browser sends the first request over a connection that it kept, which may be as dead as the
 * socket; one that is given up is not used again.
 */
export const TOKEN_TIMEOUTS_MS: readonly number[] = [1_000, 2_500];
/** Time between pings, in milliseconds. */
export const PING_EVERY_MS = 5_000;
/** A ping that is not answered by any message in this time means that the socket is dead. */
export const PONG_TIMEOUT_MS = 5_000;
/** In doubt about the socket, its answer may take three round trips, within these bounds, in ms. */
const DOUBT_MS = { least: 250, most: 2_000, unknown: 800 } as const;
/** Without the server for this long the person is told "offline", in milliseconds. */
export const OFFLINE_AFTER_MS = 15_000;
/** A connection that lived shorter than this does not reset the waits, in milliseconds. */
const STABLE_AFTER_MS = 5_000;
/** A timer later than this means that the page was frozen, in milliseconds. */
const FROZEN_MS = 1_000;

/** Refusals that pass by themselves. Every other one is final. */
const PASSING: ReadonlySet<AnyErrorCode> = new Set<AnyErrorCode>([
  'offline',
  'too_fast',
  'store_busy',
  'store_full',
  'server_closing',
  'internal',
  'token_expired',
]);
/** Errors that end the socket whenever they come; the server closes it behind them. */
const ENDING: ReadonlySet<AnyErrorCode> = new Set<AnyErrorCode>(['link_replaced']);
/** Errors about negotiation; they never answer a command. */
const ABOUT_MEDIA: ReadonlySet<AnyErrorCode> = new Set<AnyErrorCode>(['bad_sdp', 'sdp_too_large', 'stale_answer']);

/** What a {@link Wire} needs from its owner. */
export interface WireOwner {
  /** Fetches a join token, within this time. */
  token(timeoutMs: number): Promise<string>;
  /** What the page still has, for `hello`. */
  resume(): { transport?: number; chat_after?: number };
  /** Whether this message is the answer to `hello`. */
  isGreeting(message: ServerMessage): boolean;
  /** Every message, the greeting included, in order. Pongs and answered errors are not told. */
  message(message: ServerMessage): void;
  /** The socket is gone; another attempt follows. */
  lost(): void;
  /** Refused for good. The wire has stopped. */
  refused(error: BedsideError): void;
}

interface Command {
  readonly n: number;
  /** The page's own id of the message, if it has one: refusals name it. */
  readonly id: string | undefined;
  readonly done: () => void;
  readonly fail: (error: BedsideError) => void;
}

export class Wire {
  /** Optimistic until the first failure, so that a page that loads shows no alarm. */
  readonly connection = new Cell<Connection>('online');
  /** Round trip of the last ping, in milliseconds. */
  rttMs: number | null = null;

  readonly #env: Env;
  readonly #owner: WireOwner;
  readonly #cleanup = new Cleanup();
  #running = false;
  #up = false;
  #moved = false;
  #everUp = false;
  #socket: SocketLike | null = null;
  /** Counts attempts; whatever belongs to an older one is ignored. */
  #attempt = 0;
  #failures = 0;
  #upSinceMs = 0;
  /** Messages heard on all sockets so far. */
  #heardCount = 0;
  #pingCount = 0;
  #pingSentAtMs = new Map<number, number>();
  #commands: Command[] = [];
  #retryTimer: Cancel = () => {};
  #greetingTimer: Cancel = () => {};
  #beatTimer: Cancel = () => {};
  #probeTimer: Cancel = () => {};
  #offlineTimer: Cancel | null = null;

  constructor(env: Env, owner: WireOwner) {
    this.#env = env;
    this.#owner = owner;
  }

  /** Whether the server has greeted on the present socket. */
  get up(): boolean {
    return this.#up;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#failures = 0;
    const { page } = this.#env;
    // The old socket may hang for minutes on a network that is gone: a new one is cheap.
    for (const signal of ['online', 'network', 'restored'] as const) {
      this.#cleanup.add(page.on(signal, () => this.reconnectNow(true)));
    }
    this.#cleanup.add(page.on('offline', () => this.#lostNetwork()));
    this.#cleanup.add(page.on('visibility', () => this.#seen()));
    void this.#connect();
  }

  stop(): void {
    this.#running = false;
    this.#cleanup.run();
    this.#retryTimer();
    this.#offlineTimer?.();
    this.#offlineTimer = null;
    this.#drop();
  }

  /** Connects now instead of at the next turn; with `anew` even when a socket is up. */
  reconnectNow(anew = false): void {
    if (!this.#running || (this.#up && !anew)) return;
    this.#moved ||= anew;
    this.#failures = 0;
    if (this.#socket !== null || this.#up) this.#wasLost();
    if (this.connection.value === 'offline' && this.#env.page.online()) {
      this.connection.set('reconnecting');
    }
    this.#retryTimer();
    void this.#connect();
  }

  /** Whether the device told of another network since this was asked last. */
  moved(): boolean {
    const moved = this.#moved;
    this.#moved = false;
    return moved;
  }

  /** Sends if the server has greeted. Returns whether it was handed to the socket. */
  send(message: ClientMessage): boolean {
    if (!this.#up || this.#socket === null) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /**
   * Sends and waits until the server has handled it. The server handles the messages of a socket
   * in order, so the pong of a ping sent right behind says "handled", and an error before that
   * pong belongs to the oldest open command. Rejects with `offline` when the socket is not up or
   * goes down before.
   */
  command(message: ClientMessage): Promise<void> {
    return new Promise((done, fail) => {
      if (!this.send(message)) {
        fail(new BedsideError('offline'));
        return;
      }
      const n = this.#pingCount + 1;
      this.#commands.push({ n, id: 'id' in message ? message.id : undefined, done, fail });
      this.#ping();
    });
  }

  /** Asks for a sign of life; without one in `timeoutMs` the socket is given up. */
  probe(timeoutMs: number = PONG_TIMEOUT_MS): void {
    if (!this.#up) return;
    const sentAtMs = this.#env.nowMs();
    const heardBefore = this.#heardCount;
    this.#ping();
    this.#probeTimer();
    this.#probeTimer = this.#env.after(timeoutMs, () => {
      if (this.#heardCount > heardBefore) return;
      const lateMs = this.#env.nowMs() - sentAtMs - timeoutMs;
      // A frozen page hears nothing although the socket may live: ask again before judging.
      if (lateMs > FROZEN_MS) this.probe(timeoutMs);
      else this.#wasLost();
    });
  }

  /** Media is silent, which may be the socket's fate as well: sees to it sooner than the next ping. */
  doubt(): void {
    const { least, most, unknown } = DOUBT_MS;
    this.probe(this.rttMs === null ? unknown : Math.min(Math.max(3 * this.rttMs, least), most));
  }

  /** More with each failure: on a line that carries little besides the sound, one that is cut short never comes. */
  get #greetingTimeoutMs(): number {
    return GREETING_TIMEOUT_MS * (Math.min(this.#failures, 3) || 1);
  }

  #tokenTimeoutMs(): number {
    // The first connection of a page has nothing to compare with: a slow network gets its time.
    if (!this.#everUp) return this.#greetingTimeoutMs;
    return TOKEN_TIMEOUTS_MS[Math.max(this.#failures - 1, 0)] ?? this.#greetingTimeoutMs;
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt;
    this.#greetingTimer();
    this.#greetingTimer = this.#env.after(this.#greetingTimeoutMs, () => {
      if (attempt === this.#attempt) this.#wasLost();
    });
    let token: string;
    try {
      token = await this.#owner.token(this.#tokenTimeoutMs());
    } catch (caught) {
      if (attempt === this.#attempt && this.#running) this.#failed(asError(caught));
      return;
    }
    if (attempt !== this.#attempt || !this.#running) return;
    const socket = this.#env.socket();
    this.#socket = socket;
    socket.onopen = () => {
      const hello: ClientMessage = {
        type: 'hello',
        protocol: PROTOCOL_VERSION,
        token,
        ...this.#owner.resume(),
      };
      socket.send(JSON.stringify(hello));
    };
    socket.onmessage = (event) => this.#heard(event.data);
    socket.onclose = () => {
      if (this.#socket === socket) this.#wasLost();
    };
  }

  #heard(data: unknown): void {
    this.#heardCount += 1;
    const message = parse(data);
    if (message === null) return;
    if (message.type === 'pong') {
      this.#pong(message.n);
      return;
    }
    if (message.type === 'error') {
      const error = BedsideError.from(message.error);
      if (!this.#up || ENDING.has(error.code)) {
        this.#failed(error);
        return;
      }
      const command = this.#answeredBy(message.reply_to, error.code);
      if (command !== undefined) {
        this.#commands = this.#commands.filter((other) => other !== command);
        command.fail(error);
        return;
      }
    }
    if (!this.#up && this.#owner.isGreeting(message)) this.#greeted();
    this.#owner.message(message);
  }

  /** The open command that an error belongs to. */
  #answeredBy(replyTo: string | undefined, code: AnyErrorCode): Command | undefined {
    if (replyTo !== undefined) return this.#commands.find((command) => command.id === replyTo);
    return ABOUT_MEDIA.has(code) ? undefined : this.#commands[0];
  }

  #greeted(): void {
    this.#up = true;
    this.#everUp = true;
    this.#upSinceMs = this.#env.nowMs();
    this.#greetingTimer();
    this.#offlineTimer?.();
    this.#offlineTimer = null;
    this.connection.set('online');
    this.#beat();
  }

  #beat(): void {
    this.#beatTimer();
    this.#beatTimer = this.#env.after(PING_EVERY_MS, () => {
      this.probe();
      this.#beat();
    });
  }

  #ping(): void {
    const n = ++this.#pingCount;
    this.#pingSentAtMs.set(n, this.#env.nowMs());
    this.send({ type: 'ping', n });
  }

  #pong(n: number): void {
    const sentAtMs = this.#pingSentAtMs.get(n);
    if (sentAtMs !== undefined) this.rttMs = this.#env.nowMs() - sentAtMs;
    for (const older of this.#pingSentAtMs.keys()) if (older <= n) this.#pingSentAtMs.delete(older);
    while (this.#commands[0] !== undefined && this.#commands[0].n <= n) this.#commands.shift()?.done();
  }

  #seen(): void {
    // Back from the background: the socket may have died without a word.
    if (!this.#env.page.visible()) return;
    if (this.#up) this.probe(2_000);
    else if (this.#socket === null) this.reconnectNow();
  }

  #lostNetwork(): void {
    // Some systems say "offline" while a connection still works: believe the socket.
    if (this.#up) this.probe(2_000);
    else this.connection.set('offline');
  }

  /** The attempt or the connection is over; another follows. */
  #wasLost(): void {
    const lived = this.#up && this.#env.nowMs() - this.#upSinceMs >= STABLE_AFTER_MS;
    if (lived) this.#failures = 0;
    this.#failed(new BedsideError('offline'));
  }

  #failed(error: BedsideError): void {
    this.#drop();
    if (!this.#running) return;
    if (!PASSING.has(error.code)) {
      this.stop();
      this.#owner.refused(error);
      return;
    }
    this.connection.set(this.#env.page.online() && this.connection.value !== 'offline' ? 'reconnecting' : 'offline');
    this.#offlineTimer ??= this.#env.after(OFFLINE_AFTER_MS, () => this.connection.set('offline'));
    const last = RECONNECT_DELAYS_MS.length - 1;
    const baseMs = RECONNECT_DELAYS_MS[Math.min(this.#failures, last)] ?? 0;
    this.#failures += 1;
    // Jitter keeps a whole clinic from knocking at the same moment after a restart.
    const jitterMs = this.#env.random() * (baseMs === 0 ? 100 : baseMs * 0.3);
    const delayMs = Math.max(baseMs + jitterMs, error.retryAfterMs ?? 0);
    this.#retryTimer();
    this.#retryTimer = this.#env.after(delayMs, () => void this.#connect());
    this.#owner.lost();
  }

  /** Lets go of the present socket and of everything that hangs on it. */
  #drop(): void {
    this.#attempt += 1;
    this.#up = false;
    this.#greetingTimer();
    this.#beatTimer();
    this.#probeTimer();
    this.#pingSentAtMs.clear();
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
    const commands = this.#commands;
    this.#commands = [];
    for (const command of commands) command.fail(new BedsideError('offline'));
  }
}

function asError(caught: unknown): BedsideError {
  return caught instanceof BedsideError ? caught : new BedsideError('offline');
}

/** The server's messages may grow: unknown keys and types pass and are ignored further on. */
function parse(data: unknown): ServerMessage | null {
  if (typeof data !== 'string') return null;
  try {
    const message: unknown = JSON.parse(data);
    const tagged = typeof message === 'object' && message !== null && 'type' in message;
    return tagged ? (message as ServerMessage) : null;
  } catch {
    return null;
  }
}
