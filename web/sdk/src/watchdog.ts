/**
 * Tells when the media path is dead, fast, and asks for repair. Owns the times of detection and
 * escalation. It hears of packets and of time only; it touches no connection.
 *
 * The server sends at least five small messages a second on the data channel. These may be lost
 * on a bad network, so silence there is only a suspicion: it counts when the transport as a whole
 * received nothing either.
 */

import type { Cancel, Env } from './env';
import { SILENCE_MS } from './protocol';

/** How often to look, in milliseconds; once more when the silence is long enough to judge. */
const TICK_MS = 200;
/** Silence for so long is a reason to see whether the socket lives, in milliseconds. */
const SUSPECT_MS = 300;
/** A tick later than this means that the page was frozen, in milliseconds. */
const FROZEN_MS = 1_500;
/** An ICE restart that brings nothing in this time is followed by a new transport, in ms. */
export const RESTART_PATIENCE_MS = 2_000;
/** A new transport that brings nothing in this time is asked for again, in ms; doubles to 8 s. */
export const TRANSPORT_PATIENCE_MS = 4_000;
/** The first packet after an answer may take this long, in milliseconds. */
export const FIRST_PACKET_MS = 8_000;
/**
 * A handshake (DTLS) that is not done so long after ICE has found a way has failed, in ms: fresh ICE
 * would not repeat it.
 */
export const HANDSHAKE_MS = 4_000;

export interface WatchdogOwner {
  /** ICE has found a way, and the handshake over it is not done. */
  handshakes(): boolean;
  /** Bytes that the transport has received so far; `null` when that cannot be known. */
  receivedBytes(): Promise<number | null>;
  /** The path may be dead; who repairs it should know whether the socket still works. */
  suspect(): void;
  /** The path is dead (again or still); the person should know. */
  silent(): void;
  /** The path works (again). */
  heard(): void;
  /** Ask for fresh ICE credentials. Returns whether the request could be sent. */
  restartIce(): boolean;
  /** Ask for a new transport. Returns whether the request could be sent. */
  newTransport(): boolean;
}

type Step = 'off' | 'starting' | 'alive' | 'silent' | 'restarting' | 'renewing';

export class Watchdog {
  readonly #env: Env;
  readonly #owner: WatchdogOwner;
  #step: Step = 'off';
  #lastHeardMs = 0;
  #lastTickMs = 0;
  #stepSinceMs = 0;
  #patienceMs = TRANSPORT_PATIENCE_MS;
  #bytes: number | null = null;
  #asking = false;
  #suspected = false;
  #handshakeSinceMs: number | null = null;
  #plannedMs = TICK_MS;
  #timer: Cancel = () => {};

  constructor(env: Env, owner: WatchdogOwner) {
    this.#env = env;
    this.#owner = owner;
  }

  /** Whether the path is known to be dead. */
  get dead(): boolean {
    return this.#step === 'silent' || this.#step === 'restarting' || this.#step === 'renewing';
  }

  /** A transport has been set up; the first packet is awaited. */
  watch(): void {
    if (!this.dead) this.#enter('starting');
    else this.#stepSinceMs = this.#env.nowMs();
    this.#bytes = null;
    this.#lastHeardMs = this.#env.nowMs();
    this.#lastTickMs = this.#env.nowMs();
    this.#arm();
  }

  stop(): void {
    this.#timer();
    this.#step = 'off';
  }

  /** A packet came. */
  packet(): void {
    // The next suspicion compares from its own beginning.
    this.#bytes = null;
    this.#alive();
  }

  /** ICE itself gave up, which also counts while the page is in the background. */
  failed(): void {
    if (this.#step === 'off' || this.dead) return;
    this.#died();
  }

  /**
   * The socket works again: a request that could not be sent can be sent now. When the device has `moved` to
   * another network, fresh ICE finds the way from there before the old one falls silent.
   */
  socketUp(moved = false): void {
    if (this.#step === 'silent' || (moved && this.#step === 'alive')) this.#escalate();
  }

  /** A repair that was asked for over the old socket may never have arrived. */
  socketLost(): void {
    if (this.#step === 'restarting' || this.#step === 'renewing') this.#enter('silent');
  }

  #alive(): void {
    if (this.#step === 'off') return;
    this.#lastHeardMs = this.#env.nowMs();
    this.#suspected = false;
    if (this.#step === 'alive') return;
    this.#patienceMs = TRANSPORT_PATIENCE_MS;
    this.#enter('alive');
    this.#owner.heard();
  }

  #enter(step: Step): void {
    this.#step = step;
    this.#stepSinceMs = this.#env.nowMs();
  }

  #arm(): void {
    this.#timer();
    this.#plannedMs = this.#nextLookMs();
    this.#timer = this.#env.after(this.#plannedMs, () => {
      this.#tick();
      if (this.#step !== 'off') this.#arm();
    });
  }

  /** Until the next look: never later than the moment at which silence can be judged. */
  #nextLookMs(): number {
    const judgeMs = this.#lastHeardMs + SILENCE_MS - this.#env.nowMs();
    return this.#step === 'alive' && judgeMs > 0 ? Math.min(TICK_MS, judgeMs) : TICK_MS;
  }

  #tick(): void {
    const nowMs = this.#env.nowMs();
    const lateMs = nowMs - this.#lastTickMs - this.#plannedMs;
    this.#lastTickMs = nowMs;
    // A frozen page gets nothing: that time counts neither as silence nor as waiting.
    if (lateMs > FROZEN_MS) {
      this.#lastHeardMs = nowMs;
      this.#stepSinceMs = nowMs;
      this.#handshakeSinceMs = null;
      this.#bytes = null;
      return;
    }
    // A hidden page is served late. Nobody looks, so `failed()` is fast enough there.
    if (!this.#env.page.visible() && this.#step === 'alive') this.#lastHeardMs = nowMs;
    const silentMs = nowMs - this.#lastHeardMs;
    const inStepMs = nowMs - this.#stepSinceMs;
    switch (this.#step) {
      case 'starting':
        if (this.#handshakeFailed(nowMs)) this.#giveUpTransport();
        else if (inStepMs >= FIRST_PACKET_MS) this.#died();
        break;
      case 'alive':
        // Two looks at the counter, the first in good time before the verdict.
        if (silentMs >= TICK_MS) this.#count(silentMs >= SILENCE_MS);
        if (silentMs >= SUSPECT_MS) this.#suspect();
        break;
      case 'silent':
        this.#count(false);
        this.#escalate();
        break;
      case 'restarting':
        this.#count(false);
        if (inStepMs >= RESTART_PATIENCE_MS) this.#renew();
        break;
      case 'renewing':
        this.#count(false);
        if (inStepMs >= this.#patienceMs) {
          this.#patienceMs = Math.min(this.#patienceMs * 2, 8_000);
          this.#renew();
        }
        break;
      case 'off':
        break;
    }
  }

  #handshakeFailed(nowMs: number): boolean {
    if (!this.#owner.handshakes()) this.#handshakeSinceMs = null;
    else this.#handshakeSinceMs ??= nowMs;
    return this.#handshakeSinceMs !== null && nowMs - this.#handshakeSinceMs >= HANDSHAKE_MS;
  }

  /** Looks at the transport's counter. Growth is life; `judge` lets no growth be death. */
  #count(judge: boolean): void {
    if (this.#asking) return;
    this.#asking = true;
    const step = this.#step;
    this.#owner.receivedBytes().then(
      (bytes) => {
        this.#asking = false;
        if (this.#step !== step) return;
        const before = this.#bytes;
        this.#bytes = bytes;
        if (bytes !== null && before !== null && bytes > before) this.#alive();
        else if (judge && this.#env.nowMs() - this.#lastHeardMs >= SILENCE_MS) this.#died();
      },
      () => {
        this.#asking = false;
      },
    );
  }

  /** Once per silence. */
  #suspect(): void {
    if (this.#suspected) return;
    this.#suspected = true;
    this.#owner.suspect();
  }

  #died(): void {
    this.#suspect();
    this.#enter('silent');
    this.#owner.silent();
    this.#escalate();
  }

  #giveUpTransport(): void {
    this.#handshakeSinceMs = null;
    this.#suspect();
    this.#owner.silent();
    this.#renew();
  }

  #escalate(): void {
    if (this.#owner.restartIce()) this.#enter('restarting');
  }

  #renew(): void {
    this.#enter(this.#owner.newTransport() ? 'renewing' : 'silent');
  }
}
