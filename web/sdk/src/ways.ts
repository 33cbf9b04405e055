/**
 * Which ways of audio and video work from this browser. Owns the tries and what is said of them: what
 * is blocked, by whom, and the rule that would open it. Each try is a media transport in an empty room
 * of its own; nothing of a visit is touched, and no camera is needed.
 */

import { browserEnv, type Env } from './env';
import { isBedsideError } from './errors';
import { call } from './http';
import type { CheckCode, IceServer, ProbeAnswer, ProbeOffer, ProbeRequest } from './protocol';
import { Cell } from './signal';
import type { Way, WayBlocker, WayName, WayRule, WaysCheck, WaysProgress } from './ways-types';

/** A way that does not work by then is blocked, in milliseconds. A far server needs two seconds. */
export const WAY_WITHIN_MS = 8_000;

const NAMES: readonly WayName[] = ['websocket', 'udp', 'tcp', 'turn_udp', 'turn_tcp', 'turn_tls'];

/** What a try needs from outside. */
export interface WaysDeps {
  readonly env: Env;
  /** The key of a check link; without it the seat of this browser, or the session, counts. */
  readonly key: string | null;
  /**
   * Tries every media port and the WebSocket. Without it only the port that the visit would use: during
   * a device check the socket is open already.
   */
  readonly thorough: boolean;
  /** The server's name, for the rule. */
  readonly host: string;
  /** Port of the page itself. */
  readonly pagePort: number;
  /** Whether this browser can call at all. */
  readonly canCall: boolean;
}

/** How one try went. */
interface Tried {
  readonly works: boolean;
  readonly ms: number;
  /** The browser gave no way out of this kind at all. */
  readonly noWayOut: boolean;
}

export class Ways implements WaysCheck {
  readonly ways: Cell<readonly Way[]>;
  readonly progress = new Cell<WaysProgress>('waiting');

  readonly #deps: WaysDeps;
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(deps: WaysDeps) {
    this.#deps = deps;
    this.ways = new Cell<readonly Way[]>(this.#fresh());
  }

  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  verdict(): CheckCode | null {
    return verdictOf(this.ways.value);
  }

  dispose(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    this.ways.set(this.#fresh());
    this.progress.set('running');
    if (!this.#deps.canCall) {
      for (const name of ['udp', 'tcp'] as const) this.#set({ ...fresh(name), state: 'blocked', by: 'browser' });
      await this.#webSocket();
      this.progress.set('done');
      return;
    }
    try {
      await Promise.all([this.#webSocket(), this.#media('udp'), this.#media('tcp'), this.#relays()]);
      this.progress.set('done');
    } catch (caught) {
      const code = isBedsideError(caught) ? caught.code : 'internal';
      this.progress.set(code === 'offline' ? 'offline' : code === 'too_fast' ? 'busy' : 'refused');
    }
  }

  #fresh(): readonly Way[] {
    return NAMES.slice(this.#deps.thorough ? 0 : 1).map(fresh);
  }

  async #webSocket(): Promise<void> {
    const { env, host, pagePort, thorough } = this.#deps;
    if (!thorough) return;
    this.#set({ ...fresh('websocket'), state: 'running' });
    const startMs = env.nowMs();
    const socket = env.socket();
    const works = await new Promise<boolean>((done) => {
      const cancel = env.after(WAY_WITHIN_MS, () => done(false));
      const end = (opened: boolean) => {
        cancel();
        done(opened);
      };
      socket.onopen = () => end(true);
      socket.onclose = () => end(false);
    });
    socket.close();
    const way = fresh('websocket');
    if (works) this.#set({ ...way, state: 'works', ms: Math.round(env.nowMs() - startMs) });
    // The page came by the same port, so what stands in between lets pages through and nothing else.
    else this.#set({ ...way, state: 'blocked', by: 'network', rule: { protocol: 'TCP', host, address: null, ports: [pagePort] } });
  }

  async #media(name: 'udp' | 'tcp'): Promise<void> {
    this.#set({ ...fresh(name), state: 'running' });
    const first = await this.#probe(null);
    const one = await this.#try(first, name);
    const port = candidate(first.sdp, name)?.port ?? null;
    const blocked: number[] = one.works ? [] : [...first.ports];
    if (one.works && this.#deps.thorough) {
      for (const other of first.ports) {
        if (other === port || this.#stopped) continue;
        const tried = await this.#try(await this.#probe(other), name);
        if (!tried.works) blocked.push(other);
      }
    }
    const seen = name === 'udp' ? first.udp_seen : first.tcp_seen;
    this.#set(this.#judged(name, first, one, blocked, seen));
  }

  /** Each relay way by all its addresses, as in a call; it works when one gives us an address of its own. */
  async #relays(): Promise<void> {
    const offer = await this.#probe(null);
    await Promise.all(
      (['turn_udp', 'turn_tcp', 'turn_tls'] as const).map(async (name) => {
        const found = relayOf(offer.ice_servers ?? [], name);
        if (found === null) return this.#set({ ...fresh(name), state: 'not_offered' });
        this.#set({ ...fresh(name), state: 'running' });
        const ms = await this.#relay(found.servers);
        if (ms !== null) return this.#set({ ...fresh(name), state: 'works', ms });
        // The page came by TLS itself; else what is known of the direct way holds for its neighbour.
        const { host, pagePort } = this.#deps;
        const pageWay = found.rule.host === host && found.rule.ports.includes(pagePort);
        const seen = pageWay || (name === 'turn_udp' ? offer.udp_seen : offer.tcp_seen);
        this.#set({ ...fresh(name), state: 'blocked', by: seen ? 'network' : 'unclear', rule: found.rule });
      }),
    );
  }

  /** Time until the relay gave an address, in milliseconds; `null` when it did not. */
  async #relay(servers: RTCIceServer[]): Promise<number | null> {
    const { env } = this.#deps;
    const startMs = env.nowMs();
    const peer = env.peer(servers);
    try {
      return await new Promise<number | null>((done) => {
        const cancel = env.after(WAY_WITHIN_MS, () => done(null));
        const end = (works: boolean) => {
          cancel();
          done(works ? Math.round(env.nowMs() - startMs) : null);
        };
        peer.onicecandidate = ({ candidate: own }) => {
          if (own === null) end(false);
          else if (own.type === 'relay') end(true);
        };
        peer.createDataChannel('bedside');
        peer.setLocalDescription().catch(() => end(false));
      });
    } finally {
      peer.onicecandidate = null;
      peer.close();
    }
  }

  #judged(name: 'udp' | 'tcp', offer: ProbeOffer, tried: Tried, blocked: readonly number[], seen: boolean): Way {
    const at = candidate(offer.sdp, name);
    if (at === null) return { ...fresh(name), state: 'not_offered' };
    if (blocked.length === 0) return { ...fresh(name), state: 'works', ms: tried.ms };
    // A browser without a way out sends nothing that a network could stop. A network where others come
    // through, or a server that hears nobody, cannot be told from inside: the server says it.
    const by: WayBlocker = tried.noWayOut ? 'browser' : seen || tried.works ? 'network' : 'unclear';
    const { host } = this.#deps;
    const address = at.address === host ? null : at.address;
    const rule: WayRule = { protocol: name === 'udp' ? 'UDP' : 'TCP', host, address, ports: blocked };
    return { ...fresh(name), state: 'blocked', by: tried.works ? 'unclear' : by, rule: by === 'browser' ? null : rule };
  }

  #probe(port: number | null): Promise<ProbeOffer> {
    const body: ProbeRequest = {};
    if (this.#deps.key !== null) body.key = this.#deps.key;
    if (port !== null) body.port = port;
    return call<ProbeOffer>('POST', 'net/probe', body, this.#deps.env.fetch);
  }

  /** One transport with candidates of one kind only, until the server's first message. */
  async #try(offer: ProbeOffer, name: 'udp' | 'tcp'): Promise<Tried> {
    const { env } = this.#deps;
    const startMs = env.nowMs();
    if (candidate(offer.sdp, name) === null) return { works: false, ms: 0, noWayOut: false };
    const peer = env.peer([]);
    let found = 0;
    let noWayOut = false;
    const channel = peer.createDataChannel('bedside', { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 });
    try {
      const works = await new Promise<boolean>((done, failed) => {
        const cancel = env.after(WAY_WITHIN_MS, () => done(false));
        const end = (heard: boolean) => {
          cancel();
          done(heard);
        };
        peer.onicecandidate = ({ candidate: own }) => {
          if (own?.protocol === name) found += 1;
          // Some browsers use ways that they do not tell of. So this only says who is to blame for one
          // that does not work.
          if (own === null || own.candidate === '') noWayOut = found === 0;
        };
        channel.onmessage = () => end(true);
        peer.onconnectionstatechange = () => {
          if (peer.connectionState === 'failed') end(false);
        };
        this.#answer(peer, offer, name).catch((caught: unknown) => {
          cancel();
          failed(caught);
        });
      });
      return { works, ms: Math.round(env.nowMs() - startMs), noWayOut };
    } finally {
      peer.onicecandidate = null;
      peer.onconnectionstatechange = null;
      peer.close();
    }
  }

  async #answer(peer: RTCPeerConnection, offer: ProbeOffer, name: 'udp' | 'tcp'): Promise<void> {
    await peer.setRemoteDescription({ type: 'offer', sdp: only(offer.sdp, name) });
    const answer = await peer.createAnswer();
    await peer.setLocalDescription(answer);
    const body: ProbeAnswer = { probe: offer.probe, sdp: answer.sdp ?? '' };
    await call('POST', 'net/probe/answer', body, this.#deps.env.fetch);
  }

  #set(changed: Way): void {
    if (this.#stopped) return;
    this.ways.set(this.ways.value.map((way) => (way.name === changed.name ? changed : way)));
  }
}

/** What the ways mean for a call; `null` when nothing has to be said. */
export function verdictOf(ways: readonly Way[]): CheckCode | null {
  const is = (name: WayName, state: Way['state']) => ways.some((way) => way.name === name && way.state === state);
  if (!is('udp', 'blocked')) return null;
  const others: readonly WayName[] = ['tcp', 'turn_udp', 'turn_tcp', 'turn_tls'];
  if (others.some((name) => is(name, 'works'))) return 'udp_blocked';
  return is('tcp', 'blocked') ? 'media_blocked' : null;
}

function fresh(name: WayName): Way {
  return { name, state: 'waiting', ms: null, by: null, rule: null };
}

/** The fields of a candidate line (RFC 8839 §5.1); the transport is the third. */
function fieldsOf(line: string): readonly string[] | null {
  return line.startsWith('a=candidate:') ? line.slice('a=candidate:'.length).split(' ') : null;
}

/** Addresses that lead no other machine here: no rule of a network should name them. */
const LOOPBACK = /^(?:127\.|localhost$|\[?::1\]?$)/;

/** The server's first address of this kind that others can use. */
function candidate(sdp: string, name: 'udp' | 'tcp'): { address: string; port: number } | null {
  const found = sdp.split(/\r?\n/).flatMap((line) => {
    const fields = fieldsOf(line);
    const [address, port] = [fields?.[4], Number(fields?.[5])];
    return fields?.[2]?.toLowerCase() === name && address !== undefined ? [{ address, port }] : [];
  });
  return found.find(({ address }) => !LOOPBACK.test(address)) ?? found[0] ?? null;
}

/** RFC 7065, with the transport that browsers take. */
const TURN_URL = /^(turns?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?$/;

/** Relays that are reached in this way, and the rule that lets one to the first that others can use. */
function relayOf(offered: readonly IceServer[], name: WayName): { servers: RTCIceServer[]; rule: WayRule } | null {
  const servers: RTCIceServer[] = [];
  const rules: WayRule[] = [];
  for (const { urls, ...right } of offered) {
    for (const url of urls) {
      const [, scheme, host = '', port, transport] = TURN_URL.exec(url) ?? [];
      if (scheme === undefined) continue;
      const is = scheme === 'turns' ? 'turn_tls' : transport === 'tcp' ? 'turn_tcp' : 'turn_udp';
      if (is !== name) continue;
      const ports = [Number(port ?? (scheme === 'turns' ? 5349 : 3478))];
      const protocol = is === 'turn_udp' ? 'UDP' : 'TCP';
      servers.push({ urls: [url], ...right });
      rules.push({ protocol, host, address: null, ports });
    }
  }
  const rule = rules.find(({ host }) => !LOOPBACK.test(host)) ?? rules[0];
  return rule === undefined ? null : { servers, rule };
}

/** The description with candidates of one kind. */
export function only(sdp: string, name: 'udp' | 'tcp'): string {
  const keep = (line: string) => {
    const fields = fieldsOf(line);
    return fields === null || fields[2]?.toLowerCase() === name;
  };
  return sdp.split('\r\n').filter(keep).join('\r\n');
}

/** A check of the ways. `key` is the one of a check link. */
export function createWays(options: { readonly key?: string; readonly thorough?: boolean } = {}): WaysCheck {
  const { hostname, port, protocol } = location;
  return new Ways({
    env: browserEnv(),
    key: options.key ?? null,
    thorough: options.thorough ?? false,
    host: hostname,
    pagePort: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    canCall: typeof RTCPeerConnection === 'function',
  });
}
