/**
 * The edge: clock, chance, network and page. The rest of the SDK takes them from an `Env`, so that
 * tests run in virtual time without a network. Decides nothing.
 */

import type { Fetch } from './http';

/** Undoes a timer or a subscription. Calling it twice does no harm. */
export type Cancel = () => void;

/** The part of `WebSocket` that is used. */
export type SocketLike = Pick<WebSocket, 'onopen' | 'onmessage' | 'onclose' | 'send' | 'close'>;

/** What can happen to a page. `network`: another kind of network; `restored`: from a cache. */
export type PageSignal = 'visibility' | 'online' | 'offline' | 'network' | 'restored';

/** The page around the SDK. */
export interface PageLike {
  visible(): boolean;
  online(): boolean;
  on(signal: PageSignal, listener: () => void): Cancel;
  /** Small notes for this tab that outlive a reload. Never anything about a person. */
  recall(key: string): string | null;
  remember(key: string, text: string): void;
}

/** Everything from outside. */
export interface Env {
  /** A clock that never jumps, in milliseconds. */
  nowMs(): number;
  /** Milliseconds since the Unix epoch. */
  wallMs(): number;
  /** Runs `task` once after `delayMs`. */
  after(delayMs: number, task: () => void): Cancel;
  /** Evenly spread over 0 ≤ x < 1. For jitter only. */
  random(): number;
  /** A fresh id for a message, 1–40 ASCII characters. */
  id(): string;
  readonly fetch: Fetch;
  /** Opens the socket to the page's own server. */
  socket(): SocketLike;
  /**
   * A fresh peer connection that may use these relays beside the direct path; with `relay` only them,
   * so that the other end sees no address of this one.
   */
  peer(iceServers: RTCIceServer[], policy?: RTCIceTransportPolicy): RTCPeerConnection;
  readonly page: PageLike;
}

function listen(target: EventTarget | undefined, type: string, listener: () => void): Cancel {
  target?.addEventListener(type, listener);
  return () => target?.removeEventListener(type, listener);
}

/** `navigator.connection` where there is one; TypeScript's DOM does not know it. */
interface NetworkInformation extends EventTarget {
  readonly type?: string;
}

function onNetworkChange(listener: () => void): Cancel {
  const info = (navigator as { connection?: NetworkInformation }).connection;
  let type = info?.type;
  // The event also fires for mere estimates of speed; only another kind of network counts.
  return listen(info, 'change', () => {
    if (info?.type === type) return;
    type = info?.type;
    listener();
  });
}

const browserPage: PageLike = {
  visible: () => document.visibilityState === 'visible',
  online: () => navigator.onLine,
  on(signal, listener) {
    switch (signal) {
      case 'visibility':
        return listen(document, 'visibilitychange', listener);
      case 'network':
        return onNetworkChange(listener);
      case 'restored': {
        const onShow = (event: PageTransitionEvent) => {
          if (event.persisted) listener();
        };
        addEventListener('pageshow', onShow);
        return () => removeEventListener('pageshow', onShow);
      }
      default:
        return listen(window, signal, listener);
    }
  },
  recall(key) {
    try {
      return sessionStorage.getItem(key);
    } catch {
      return null; // Storage is forbidden here; a reload then begins with the defaults.
    }
  },
  remember(key, text) {
    try {
      sessionStorage.setItem(key, text);
    } catch {
      // As above.
    }
  },
};

/** The real world. */
export function browserEnv(): Env {
  return {
    nowMs: () => performance.now(),
    wallMs: () => Date.now(),
    after(delayMs, task) {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
    random: () => Math.random(),
    id: () => crypto.randomUUID(),
    fetch: (url, init) => fetch(url, init),
    socket() {
      const url = new URL('/ws', location.href);
      url.protocol = url.protocol.replace('http', 'ws');
      return new WebSocket(url);
    },
    // One transport for everything.
    peer: (iceServers, iceTransportPolicy = 'all') =>
      new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers, iceTransportPolicy }),
    page: browserPage,
  };
}
