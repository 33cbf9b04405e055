/** The shapes of a check of the ways of audio and video. Types only; no code. */

import type { CheckCode } from './protocol';
import type { Value } from './types';

/** A way to the server. `turn_…` lead through a relay. */
export type WayName = 'websocket' | 'udp' | 'tcp' | 'turn_udp' | 'turn_tcp' | 'turn_tls';

/** Who blocks a way. `unclear`: the network here or the firewall of the server. */
export type WayBlocker = 'network' | 'browser' | 'unclear';

/** What whoever looks after a network has to allow: outgoing, from here to there. */
export interface WayRule {
  readonly protocol: 'UDP' | 'TCP';
  /** The server's name. */
  readonly host: string;
  /** The server's address for audio and video, where it is not the one of the name. */
  readonly address: string | null;
  readonly ports: readonly number[];
}

/** How one way was found. */
export interface Way {
  readonly name: WayName;
  readonly state: 'waiting' | 'running' | 'works' | 'blocked' | 'not_offered';
  /** Until the server was heard, in milliseconds; `null` unless it works. */
  readonly ms: number | null;
  /** Who blocks it; `null` unless it is blocked. */
  readonly by: WayBlocker | null;
  /** What would open it; `null` where no rule of a network would. */
  readonly rule: WayRule | null;
}

/** How far a check of the ways is. `refused`: the link or the seat opens it no more. */
export type WaysProgress = 'waiting' | 'running' | 'done' | 'refused' | 'offline' | 'busy';

/** A check of the ways of audio and video. Made by `createWays()`. */
export interface WaysCheck {
  readonly ways: Value<readonly Way[]>;
  readonly progress: Value<WaysProgress>;
  /** Tries every way. Never rejects. A second call while it runs waits for the first. */
  run(): Promise<void>;
  /** What it means for a call: `udp_blocked`, `media_blocked`, or nothing to say. */
  verdict(): CheckCode | null;
  /** Stops looking. */
  dispose(): void;
}
