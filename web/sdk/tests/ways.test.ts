import { describe, expect, it } from 'vitest';
import type { IceServer, ProbeOffer, ProbeRequest } from '../src/protocol';
import { only, verdictOf, WAY_WITHIN_MS, Ways } from '../src/ways';
import type { Way, WayName } from '../src/ways-types';
import { json, noNetwork, refusal, settle, World } from './support/world';

const SDP = [
  'v=0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=candidate:1 1 udp 2130706431 203.0.113.7 PORT typ host',
  'a=candidate:2 1 tcp 1019216383 203.0.113.7 PORT typ host tcptype passive',
  'a=end-of-candidates',
  '',
].join('\r\n');

/** A peer connection that only this test's network decides about. */
class TriedPeer {
  onicecandidate: ((event: { candidate: unknown }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  connectionState: RTCPeerConnectionState = 'new';
  remote = '';
  closed = false;
  readonly channel: { onmessage: (() => void) | null } = { onmessage: null };

  constructor(
    readonly net: Net,
    readonly relays: RTCIceServer[],
  ) {}

  createDataChannel() {
    return this.channel;
  }

  async setRemoteDescription({ sdp }: RTCSessionDescriptionInit): Promise<void> {
    this.remote = sdp ?? '';
  }

  createAnswer(): Promise<RTCSessionDescriptionInit> {
    return Promise.resolve({ type: 'answer', sdp: 'an answer' });
  }

  async setLocalDescription(): Promise<void> {
    if (this.relays.length > 0) {
      // One that answers is enough.
      if (this.relays.some(({ urls }) => this.net.relays(String(urls)))) this.onicecandidate?.({ candidate: { candidate: 'candidate:…', type: 'relay' } });
      else this.onicecandidate?.({ candidate: null });
      return;
    }
    const name = this.remote.includes(' udp ') ? 'udp' : 'tcp';
    const port = Number(/203\.0\.113\.7 (\d+)/.exec(this.remote)?.[1]);
    if (!this.net.browserBlocks) this.onicecandidate?.({ candidate: { candidate: 'candidate:…', protocol: name } });
    this.onicecandidate?.({ candidate: null });
    if (this.net.lets(name, port)) this.net.world.after(this.net.delayMs, () => this.channel.onmessage?.());
  }

  close(): void {
    this.closed = true;
  }
}

/** A world whose peers and answers are the network's. */
class TriedWorld extends World {
  constructor(readonly net: Net) {
    super();
  }

  override peer(relays: RTCIceServer[]): RTCPeerConnection {
    const peer = new TriedPeer(this.net, relays);
    this.net.peers.push(peer);
    return peer as unknown as RTCPeerConnection;
  }

  override readonly fetch = async (url: string, init: RequestInit): Promise<Response> => this.net.respond(url, init);
}

/** The network around the page. */
class Net {
  readonly peers: TriedPeer[] = [];
  readonly requests: ProbeRequest[] = [];
  ports = [3478, 3479];
  seen = { udp: true, tcp: true };
  delayMs = 40;
  browserBlocks = false;
  webSocket = true;
  iceServers: IceServer[] = [];
  relays: (url: string) => boolean = () => true;
  lets: (name: WayName, port: number) => boolean = () => true;
  answer: (() => Response | Promise<Response>) | null = null;
  readonly world: World = new TriedWorld(this);

  respond(url: string, init: RequestInit): Response | Promise<Response> {
    if (this.answer !== null) return this.answer();
    if (url === '/api/net/probe/answer') return new Response(null, { status: 204 });
    const request = JSON.parse(String(init.body)) as ProbeRequest;
    this.requests.push(request);
    const offer: ProbeOffer = {
      probe: `room-${this.requests.length}`,
      sdp: SDP.replaceAll('PORT', String(request.port ?? this.ports[0])),
      ports: this.ports,
      udp_seen: this.seen.udp,
      tcp_seen: this.seen.tcp,
      lives_ms: 20_000,
      ice_servers: this.iceServers,
    };
    return json(200, offer);
  }

  async check(over: { key?: string; thorough?: boolean; canCall?: boolean } = {}) {
    const ways = new Ways({
      env: this.world,
      key: over.key ?? null,
      thorough: over.thorough ?? true,
      host: 'visits.example.org',
      pagePort: 443,
      canCall: over.canCall ?? true,
    });
    const done = ways.run();
    await settle();
    const wire = this.world.sockets.at(-1);
    if (this.webSocket) wire?.open();
    else wire?.drop();
    await this.world.advance(10 * WAY_WITHIN_MS);
    await done;
    const way = (name: WayName): Way => {
      const found = ways.ways.value.find((one) => one.name === name);
      if (found === undefined) throw new Error('no such way');
      return found;
    };
    return { ways, way };
  }
}

describe('the ways', () => {
  it('are each tried with candidates of their own kind, and closed', async () => {
    const net = new Net();
    const { ways, way } = await net.check({ key: 'a key' });
    expect(ways.progress.value).toBe('done');
    expect([way('websocket').state, way('udp').state, way('tcp').state]).toEqual(['works', 'works', 'works']);
    expect([way('udp').ms, way('turn_tls').state]).toEqual([40, 'not_offered']);
    expect(ways.verdict()).toBe(null);
    expect(net.requests.every(({ key }) => key === 'a key')).toBe(true);
    const kinds = net.peers.map((peer) => [peer.remote.includes(' udp '), peer.remote.includes(' tcp ')]);
    expect(kinds).toHaveLength(2 * net.ports.length);
    expect(kinds.every(([udp, tcp]) => udp !== tcp)).toBe(true);
    expect(net.peers.every((peer) => peer.closed)).toBe(true);
    expect([net.world.timers, net.world.wire.state]).toEqual([0, 'closed']);
  });

  it('say that the network blocks UDP where others come through, with the rule that opens it', async () => {
    const net = new Net();
    net.lets = (name) => name !== 'udp';
    const { ways, way } = await net.check();
    expect(way('udp')).toEqual({
      name: 'udp',
      state: 'blocked',
      ms: null,
      by: 'network',
      rule: { protocol: 'UDP', host: 'visits.example.org', address: '203.0.113.7', ports: [3478, 3479] },
    });
    expect([way('tcp').state, ways.verdict()]).toEqual(['works', 'udp_blocked']);
  });

  it('do not blame the network where nobody has come through yet', async () => {
    const net = new Net();
    net.lets = () => false;
    net.seen = { udp: false, tcp: false };
    const { ways, way } = await net.check();
    expect([way('udp').by, way('tcp').by, ways.verdict()]).toEqual(['unclear', 'unclear', 'media_blocked']);
    expect(way('tcp').rule?.protocol).toBe('TCP');
  });

  it('blame the browser when it has no way out, and name no rule of a network', async () => {
    const net = new Net();
    net.browserBlocks = true;
    net.lets = () => false;
    const { way } = await net.check();
    expect([way('udp').by, way('udp').rule]).toEqual(['browser', null]);
    const none = await new Net().check({ canCall: false });
    expect([none.way('udp').by, none.way('tcp').by, none.ways.verdict()]).toEqual(['browser', 'browser', 'media_blocked']);
  });

  it('are tried on every port for whoever looks after a network', async () => {
    const net = new Net();
    net.ports = [3478, 3479, 3480];
    net.lets = (name, port) => name === 'tcp' || port !== 3480;
    const { way } = await net.check();
    expect([way('udp').state, way('udp').by, way('udp').rule?.ports]).toEqual(['blocked', 'unclear', [3480]]);
    expect(way('tcp').state).toBe('works');
    expect(net.requests.map((request) => request.port)).toContain(3480);
  });

  it('are those of the visit alone during a device check, whose socket is open already', async () => {
    const net = new Net();
    const { ways, way } = await net.check({ thorough: false });
    expect(ways.ways.value.some(({ name }) => name === 'websocket')).toBe(false);
    expect([net.world.sockets.length, way('udp').state, way('tcp').state]).toEqual([0, 'works', 'works']);
    expect(net.requests).toEqual([{}, {}, {}]);
  });

  it('lead through each relay by its own address, and name the rule of one that does not', async () => {
    const net = new Net();
    const right = { username: 'a name of nobody', credential: 'a password' };
    net.iceServers = [
      { urls: ['turn:198.51.100.2:3478?transport=udp', 'turn:198.51.100.2:3478?transport=tcp'], ...right },
      { urls: ['turns:visits.example.org:443?transport=tcp'], ...right },
    ];
    net.lets = () => false;
    net.relays = (url) => !url.includes('udp');
    const { ways, way } = await net.check({ thorough: false });
    expect([way('turn_tcp').state, way('turn_tls').state]).toEqual(['works', 'works']);
    expect(way('turn_udp')).toMatchObject({
      state: 'blocked',
      by: 'network',
      rule: { protocol: 'UDP', host: '198.51.100.2', ports: [3478] },
    });
    // By a relay a call comes about all the same.
    expect(ways.verdict()).toBe('udp_blocked');
    expect(net.peers.every((peer) => peer.closed)).toBe(true);
  });

  it('count all addresses of a relay, and name none of this machine in a rule', async () => {
    const net = new Net();
    const right = { username: 'a name of nobody', credential: 'a password' };
    const both = (transport: string) => ['127.0.0.1', '198.51.100.2'].map((ip) => `turn:${ip}:3478?transport=${transport}`);
    net.iceServers = [{ urls: [...both('udp'), ...both('tcp')], ...right }];
    net.relays = (url) => url === 'turn:198.51.100.2:3478?transport=tcp';
    const { way } = await net.check({ thorough: false });
    expect(way('turn_tcp').state).toBe('works');
    expect(way('turn_udp')).toMatchObject({ state: 'blocked', rule: { host: '198.51.100.2' } });
  });

  it('name a proxy that lets pages through and no WebSocket', async () => {
    const net = new Net();
    net.webSocket = false;
    const { way } = await net.check();
    expect(way('websocket')).toMatchObject({ state: 'blocked', by: 'network', rule: { protocol: 'TCP', ports: [443] } });
  });

  it.each([
    [refusal(404, 'no_such_visit'), 'refused'],
    [refusal(401, 'not_signed_in'), 'refused'],
    [refusal(429, 'too_fast'), 'busy'],
  ] as const)('say why nobody could try', async (response, progress) => {
    const net = new Net();
    net.answer = () => response.clone();
    const { ways } = await net.check();
    expect([ways.progress.value, ways.verdict()]).toEqual([progress, null]);
  });

  it('say that there is no connection, and can be tried again', async () => {
    const net = new Net();
    net.answer = noNetwork;
    const { ways } = await net.check();
    expect(ways.progress.value).toBe('offline');
    net.answer = null;
    const again = ways.run();
    await settle();
    net.world.wire.open();
    await net.world.advance(10 * WAY_WITHIN_MS);
    await again;
    expect(ways.progress.value).toBe('done');
  });
});

describe('a description', () => {
  it('keeps the candidates of one kind and everything else', () => {
    const udp = only(SDP, 'udp');
    expect(udp.split('\r\n')).toEqual(SDP.split('\r\n').filter((line) => !line.includes(' tcp ')));
    expect(only(udp, 'tcp')).not.toContain('candidate:');
  });
});

describe('the verdict', () => {
  const way = (name: WayName, state: Way['state']): Way => ({ name, state, ms: null, by: null, rule: null });
  it.each([
    [[way('udp', 'works'), way('tcp', 'blocked')], null],
    [[way('udp', 'blocked'), way('tcp', 'works')], 'udp_blocked'],
    [[way('udp', 'blocked'), way('tcp', 'blocked')], 'media_blocked'],
    [[way('udp', 'blocked'), way('tcp', 'blocked'), way('turn_tls', 'works')], 'udp_blocked'],
    [[], null],
  ] as const)('weighs all ways', (ways, verdict) => {
    expect(verdictOf(ways)).toBe(verdict);
  });
});
