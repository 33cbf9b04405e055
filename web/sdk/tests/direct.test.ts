import { beforeEach, describe, expect, it } from 'vitest';
import { BACK_WITHIN_MS, Direct, LINGER_MS } from '../src/direct';
import type { Env } from '../src/env';
import { trackKey } from '../src/media';
import type { ClientMessage, Person } from '../src/protocol';
import { PairPeer, pump } from './support/pair';
import { FakeTrack, HOST, ME } from './support/peer';
import { person } from './support/visit';
import { World } from './support/world';

const RELAYS = [
  {
    urls: ['turn:relay.test:3478?transport=udp', 'turn:relay.test:3478?transport=tcp', 'turns:relay.test:443?transport=tcp'],
    username: '1:2:3',
    credential: 'right',
  },
  { urls: 'stun:other.test' },
];

/** One of the two pages: its direct way, and what it told whom. */
class Side {
  readonly direct: Direct;
  readonly peers: PairPeer[] = [];
  readonly sent: ClientMessage[] = [];
  readonly resting: boolean[] = [];
  readonly local = { mic: new FakeTrack('audio').real, camera: new FakeTrack('video').real };
  readonly unit = { mic: new FakeTrack('audio').real, camera: new FakeTrack('video').real };
  readonly speaking: (string | null | undefined)[] = [];
  relief: 0 | 1 | 2 = 0;
  shown: ReadonlyMap<string, MediaStreamTrack> | null = null;
  /** What came over the server's way. */
  unitCount = 0;
  other: Person;
  signals: Extract<ClientMessage, { type: 'direct_signal' }>[] = [];

  constructor(
    world: World,
    readonly seat: string,
    readonly otherSeat: string,
  ) {
    this.other = person(otherSeat);
    const env: Env = Object.create(world, {
      peer: {
        value: (relays: RTCIceServer[], policy: RTCIceTransportPolicy) => {
          const peer = new PairPeer(policy, relays);
          this.peers.push(peer);
          return peer as unknown as RTCPeerConnection;
        },
      },
      nowMs: { value: () => world.nowMs() },
      after: { value: (ms: number, task: () => void) => world.after(ms, task) },
      page: { value: world.page },
    }) as Env;
    this.direct = new Direct(env, {
      send: (message) => {
        this.sent.push(message);
        if (message.type === 'direct_signal') this.signals.push(message);
        return true;
      },
      show: (tracks) => (this.shown = tracks),
      rest: (rests) => void this.resting.push(rests),
      local: (source) => (source === 'screen' ? null : this.local[source]),
      person: (asked) => (asked === otherSeat ? this.other : undefined),
      relief: () => this.relief,
      relays: () => RELAYS,
      me: () => seat,
      speaking: (spoken) => void this.speaking.push(spoken),
      unitStats: () =>
        Promise.resolve(
          new Map(
            (['mic', 'camera'] as const).map((source) => [
              source,
              {
                type: 'inbound-rtp',
                kind: this.unit[source].kind,
                trackIdentifier: this.unit[source].id,
                framesDecoded: this.unitCount,
                packetsReceived: this.unitCount,
              },
            ]),
          ) as unknown as RTCStatsReport,
        ),
      unitTrack: (_seat, source) => (source === 'screen' ? null : this.unit[source]),
    });
  }

  open(attempt: number, offers: boolean, relay_only = false): void {
    this.direct.hear({ type: 'direct_open', attempt, seat: this.otherSeat, offers, relay_only });
  }

  get peer(): PairPeer {
    const peer = this.peers.at(-1);
    if (peer === undefined) throw new Error('no connection yet');
    return peer;
  }

  said(type: ClientMessage['type']): number {
    return this.sent.filter((m) => m.type === type).length;
  }

  get camera(): MediaStreamTrack | undefined {
    return this.shown?.get(trackKey(this.otherSeat, 'camera'));
  }
}

describe('the direct way', () => {
  let world: World;
  let me: Side;
  let host: Side;

  beforeEach(() => {
    world = new World();
    me = new Side(world, ME, HOST);
    host = new Side(world, HOST, ME);
    pump(world, () => [...me.peers, ...host.peers]);
  });

  /** The server passes words on, as they were said, until nothing more is said. */
  const relay = async () => {
    for (let round = 0; round < 10; round += 1) {
      for (const [from, to] of [
        [me, host],
        [host, me],
      ] as const) {
        for (const word of from.signals.splice(0)) {
          to.direct.hear({ type: 'direct_signal', attempt: word.attempt, signal: word.signal });
        }
      }
      await world.advance(1);
    }
  };

  const tried = async (attempt = 1) => {
    host.open(attempt, true);
    me.open(attempt, false);
    host.peer.other = me.peer;
    me.peer.other = host.peer;
    await relay();
  };

  const on = async () => {
    await tried();
    await world.advance(1_000);
    for (const side of [me, host]) side.direct.hear({ type: 'direct_on', attempt: 1 });
  };

  it('is shown, and told, only when sound and picture arrive', async () => {
    host.open(1, true);
    me.open(1, false);
    await world.advance(1_000);
    expect(me.said('direct_up') + host.said('direct_up')).toBe(0);
    host.peer.other = me.peer;
    me.peer.other = host.peer;
    await relay();
    await world.advance(1_000);
    for (const side of [me, host]) {
      expect(side.said('direct_up')).toBe(1);
      expect(side.camera).toBe(side.peer.transceivers[1]?.receiver.track);
      expect(side.resting).toEqual([]);
    }
    me.direct.hear({ type: 'direct_on', attempt: 1 });
    expect(me.resting).toEqual([true]);
    expect(me.direct.on).toBe(true);
  });

  it('waits for no picture of a camera that is off', async () => {
    me.other = person(HOST, { camera: false });
    host.local.camera = null as unknown as MediaStreamTrack;
    await tried();
    await world.advance(1_000);
    expect(me.said('direct_up')).toBe(1);
  });

  it('does not call it up while a camera that is on brings nothing', async () => {
    host.local.camera = null as unknown as MediaStreamTrack;
    await tried();
    await world.advance(2_000);
    expect(me.said('direct_up')).toBe(0);
    expect(host.said('direct_up')).toBe(1);
  });

  it('stays on the screen until the server brings pictures again, and then a moment for the other', async () => {
    await on();
    me.direct.hear({ type: 'direct_close', attempt: 1, at_once: false });
    expect(me.resting).toEqual([true, false]);
    await world.advance(3_000);
    expect(me.camera).toBeDefined();
    me.unitCount += 1;
    await world.advance(200);
    expect(me.shown).toBeNull();
    expect(me.peer.closed).toBe(false);
    await world.advance(LINGER_MS);
    expect(me.peer.closed).toBe(true);
    expect(me.said('direct_down')).toBe(0);
  });

  it('does not stay for ever when the server brings nothing', async () => {
    await on();
    me.direct.leave();
    await world.advance(BACK_WITHIN_MS);
    expect(me.peer.closed).toBe(true);
    expect(me.shown).toBeNull();
  });

  it('ends at once when nothing may flow any more', async () => {
    await on();
    me.direct.hear({ type: 'direct_close', attempt: 1, at_once: true });
    expect(me.peer.closed).toBe(true);
    expect(me.shown).toBeNull();
    expect(me.resting).toEqual([true, false]);
  });

  it('goes back by itself when the path dies, within a second', async () => {
    await on();
    me.peer.cut();
    await world.advance(1_000);
    for (const side of [me, host]) {
      expect(side.said('direct_down')).toBe(1);
      expect(side.shown).toBeNull();
      expect(side.resting.at(-1)).toBe(false);
    }
  });

  it('gives up quietly when it never comes about', async () => {
    await tried();
    me.direct.close();
    expect(me.said('direct_up')).toBe(0);
    expect(me.resting).toEqual([]);
    // The other one hears nothing of this page any more.
    await world.advance(10_000);
    expect(host.said('direct_down')).toBe(1);
  });

  it('plays nothing that the server says is off, whatever the other page sends', async () => {
    await on();
    const sound = me.peer.transceivers[0]?.receiver.track;
    expect(sound?.enabled).toBe(true);
    me.other = person(HOST, { mic: false });
    me.direct.people();
    expect(sound?.enabled).toBe(false);
    me.other = person(HOST);
    me.direct.people();
    expect(sound?.enabled).toBe(true);
  });

  it('takes one sound and one picture of what a stranger offers', async () => {
    me.open(1, false);
    const sdp = JSON.stringify(['video', 'video', 'audio', 'video', 'audio']);
    me.direct.hear({ type: 'direct_signal', attempt: 1, signal: { kind: 'offer', sdp } });
    await world.advance(1);
    expect(me.peer.transceivers.map((t) => t.direction)).toEqual(['sendrecv', 'inactive', 'sendrecv', 'inactive', 'inactive']);
    expect(me.peer.transceivers.filter((t) => t.sender.track !== null)).toHaveLength(2);
  });

  it('survives nonsense, and says that it does not work', async () => {
    me.open(1, false);
    me.direct.hear({ type: 'direct_signal', attempt: 1, signal: { kind: 'offer', sdp: 'nonsense' } });
    await world.advance(1);
    expect(me.said('direct_down')).toBe(1);
    expect(me.peer.closed).toBe(true);
  });

  it('hears no late words about an older attempt', async () => {
    await tried();
    me.open(2, false);
    const fresh = me.peer;
    me.direct.hear({ type: 'direct_close', attempt: 1, at_once: true });
    me.direct.hear({ type: 'direct_signal', attempt: 1, signal: { kind: 'offer', sdp: '["audio"]' } });
    await world.advance(1);
    expect(fresh.closed).toBe(false);
    expect(fresh.remoteDescription).toBeNull();
  });

  it('sends another camera on, and asks for relays alone when told so', async () => {
    await on();
    const other = new FakeTrack('video').real;
    me.direct.setLocal('camera', other);
    await world.advance(1);
    expect(me.peer.transceivers[1]?.sender.track).toBe(other);
    expect(me.peer.policy).toBe('all');
    // To learn the own outer address no right is needed, and none is shown.
    expect(me.peer.relays).toEqual([{ urls: ['stun:relay.test:3478', 'stun:other.test'] }]);
    me.open(2, true, true);
    expect(me.peer.policy).toBe('relay');
    expect(me.peer.relays).toEqual(RELAYS);
  });

  it('sends the camera smaller when the machine cannot keep up, and also what is opened then', async () => {
    await on();
    const sent = () => me.peer.transceivers[1]?.sender.parameters.encodings[0];
    expect(sent()?.scaleResolutionDownBy).toBe(1);
    me.relief = 2;
    me.direct.relieve();
    await world.advance(1);
    expect(sent()?.scaleResolutionDownBy).toBe(2);
    me.direct.close();
    host.direct.close();
    await tried(2);
    expect(sent()?.scaleResolutionDownBy).toBe(2);
  });

  it('hears who speaks, which the server cannot, and leaves it to the server afterwards', async () => {
    await on();
    // The own voice is counted where it is made, the other one where it arrives.
    me.peer.ownLevel = 0.001;
    me.peer.level = 0.2;
    await world.advance(1_000);
    expect(me.speaking.at(-1)).toBe(HOST);
    [me.peer.ownLevel, me.peer.level] = [0.3, 0];
    await world.advance(2_000);
    expect(me.speaking.at(-1)).toBe(ME);
    // What a silenced microphone sends is played to nobody, so it is no speech.
    me.other = person(HOST, { mic: false });
    [me.peer.ownLevel, me.peer.level] = [0, 0.5];
    await world.advance(5_000);
    expect(me.speaking.at(-1)).toBeNull();
    me.direct.hear({ type: 'direct_close', attempt: 1, at_once: false });
    expect(me.speaking.at(-1)).toBeUndefined();
    const told = me.speaking.length;
    await world.advance(1_000);
    expect(me.speaking).toHaveLength(told);
  });

  it('leaves no timer behind', async () => {
    await on();
    me.direct.close();
    host.direct.close();
    // The pump of the test itself is the only one.
    expect(world.timers).toBe(1);
  });
});
