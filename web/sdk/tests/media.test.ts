import { describe, expect, it } from 'vitest';
import { Media, trackKey } from '../src/media';
import type { ClientMessage, TrackLine } from '../src/protocol';
import { FakeTrack, HOST, ME, offer, RECEIVE, SEND } from './support/peer';
import { settle, World } from './support/world';

function mediaIn(world: World) {
  const sent: ClientMessage[] = [];
  const wire = { up: true, doubts: 0 };
  const media = new Media(
    world,
    (message) => {
      if (wire.up) sent.push(message);
      return wire.up;
    },
    () => (wire.doubts += 1),
  );
  const answers = () => sent.flatMap((m) => (m.type === 'answer' ? [m.generation] : []));
  const asked = (type: ClientMessage['type']) => sent.filter((m) => m.type === type).length;
  return { media, sent, wire, answers, asked };
}

async function inCall() {
  const world = new World();
  const all = mediaIn(world);
  const mic = new FakeTrack('audio').real;
  const camera = new FakeTrack('video').real;
  all.media.setLocal('mic', mic);
  all.media.setLocal('camera', camera);
  all.media.offer(offer(1, 1, [...SEND, ...RECEIVE]));
  await settle();
  world.rtc.packet();
  return { world, ...all, mic, camera };
}

describe('an offer', () => {
  it('is answered at once, with the local tracks on their lines', async () => {
    const { world, answers, mic, camera, media } = await inCall();
    expect(answers()).toEqual([1]);
    const { rtc } = world;
    expect(rtc.at('1')).toMatchObject({ direction: 'sendonly', currentDirection: 'sendonly', sender: { track: mic } });
    expect(rtc.at('2')).toMatchObject({ currentDirection: 'sendonly', sender: { track: camera } });
    expect(rtc.at('3').currentDirection).toBe('recvonly');
    expect(media.tracks.value.get(trackKey(HOST, 'mic'))).toBe(rtc.at('3').receiver.track);
    expect(media.tracks.value.get(trackKey(HOST, 'camera'))).toBe(rtc.at('4').receiver.track);
    expect(media.state.value).toBe('up');
  });

  it('finds the data channel made, as both sides agreed', async () => {
    const { world } = await inCall();
    expect(world.rtc.channels).toMatchObject([
      { label: 'bedside', options: { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 } },
    ]);
  });

  it('sets what each layer may spend', async () => {
    const { world } = await inCall();
    expect(world.rtc.at('2').sender.parameters).toMatchObject({
      degradationPreference: 'balanced',
      encodings: [
        { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 120_000 },
        { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 400_000 },
        { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
      ],
    });
    expect(world.rtc.at('1').sender.parameters.encodings).toMatchObject([{ priority: 'high' }]);
  });

  it('is handled one at a time and in order, however fast they come', async () => {
    const { media, answers, world } = await inCall();
    for (let generation = 2; generation <= 6; generation += 1) media.offer(offer(1, generation, [...SEND, ...RECEIVE]));
    await settle();
    await settle();
    // The fake peer throws when two are under way; then there would be a second transport.
    expect(world.peers).toHaveLength(1);
    expect(answers()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('that is older than the present one is ignored', async () => {
    const { media, answers } = await inCall();
    media.offer(offer(1, 3, [...SEND]));
    media.offer(offer(1, 2, [...SEND, ...RECEIVE]));
    media.offer(offer(0, 9, [...SEND]));
    await settle();
    expect(answers()).toEqual([1, 3]);
    expect(media.tracks.value.size).toBe(0);
  });

  it('that comes again is answered again, because the first answer was lost', async () => {
    const { media, sent, world } = await inCall();
    media.offer(offer(1, 1, [...SEND, ...RECEIVE]));
    await settle();
    const answers = sent.filter((m) => m.type === 'answer');
    expect(answers).toHaveLength(2);
    expect(answers[1]).toEqual(answers[0]);
    expect(world.peers).toHaveLength(1);
  });

  it('with another transport brings a new connection and ends the old', async () => {
    const { media, world, camera } = await inCall();
    const old = world.rtc;
    media.offer(offer(2, 1, [...SEND, ...RECEIVE]));
    await settle();
    expect(old.signalingState).toBe('closed');
    expect(world.peers).toHaveLength(2);
    expect(world.rtc.at('2').sender.track).toBe(camera);
    old.fail();
    old.packet();
    expect(media.state.value).toBe('up');
  });

  it('may give a line to somebody else, or to nobody', async () => {
    const { media, world } = await inCall();
    const other = '01FAM00000000000000000000C';
    const lines: TrackLine[] = [...SEND, { mid: '4', seat: other, source: 'camera', direction: 'receive' }];
    media.offer(offer(1, 2, lines, [{ mid: '3', kind: 'audio', direction: 'inactive' }]));
    await settle();
    expect([...media.tracks.value.keys()]).toEqual([trackKey(other, 'camera')]);
    expect(world.rtc.at('3').currentDirection).toBe('inactive');
  });

  it('names the relays that may be used, and fresh rights to them later', async () => {
    const world = new World();
    const { media, answers } = mediaIn(world);
    const relays = (username: string) => [{ urls: ['turn:192.0.2.1:3478'], username, credential: 'c' }];
    media.offer({ ...offer(1, 1, SEND), ice_servers: relays('one') });
    await settle();
    expect(world.rtc.configuration.iceServers).toEqual(relays('one'));
    media.offer({ ...offer(1, 2, SEND), ice_servers: relays('two') });
    await settle();
    expect(world.rtc.configuration).toEqual({ bundlePolicy: 'max-bundle', iceServers: relays('two') });
    // A right that ended is taken away, and a connection of its own has its own.
    media.offer(offer(1, 3, SEND));
    await settle();
    expect(world.rtc.configuration.iceServers).toEqual([]);
    media.offer({ ...offer(2, 1, SEND), ice_servers: relays('three') });
    await settle();
    expect(world.peers.map((peer) => peer.configuration.iceServers)).toEqual([[], relays('three')]);
    expect(answers()).toEqual([1, 2, 3, 1]);
  });

  it('with a line for the screen gets the shared track', async () => {
    const { media, world } = await inCall();
    const screen = new FakeTrack('video').real;
    media.setLocal('screen', screen);
    media.offer(offer(1, 2, [...SEND, ...RECEIVE, { mid: '5', seat: ME, source: 'screen', direction: 'send' }]));
    await settle();
    expect(world.rtc.at('5').sender.track).toBe(screen);
    expect(world.rtc.at('5').sender.parameters.degradationPreference).toBe('maintain-resolution');
  });

  it('that the browser cannot use leads to a new transport, asked for with patience', async () => {
    const world = new World();
    const { media, asked } = mediaIn(world);
    const peer = world.peer.bind(world);
    world.peer = (iceServers) => {
      const made = peer(iceServers);
      world.rtc.broken = true;
      return made;
    };
    let transport = 1;
    media.offer(offer(transport, 1, SEND));
    await settle();
    expect(asked('new_transport')).toBe(1);
    expect(media.state.value).toBe('recovering');
    media.offer(offer(transport, 2, SEND)); // Of the spoiled transport: ignored.
    await settle();
    expect(world.peers).toHaveLength(1);
    for (let turn = 0; turn < 5; turn += 1) {
      transport += 1;
      media.offer(offer(transport, 1, SEND));
      await world.advance(1_000);
    }
    // Five more failures in five seconds, yet not five more requests.
    expect(asked('new_transport')).toBeLessThanOrEqual(2);
  });
});

describe('local tracks', () => {
  it('are exchanged without negotiation', async () => {
    const { media, world, answers } = await inCall();
    const other = new FakeTrack('video').real;
    media.setLocal('camera', other);
    await settle();
    expect(world.rtc.at('2').sender.track).toBe(other);
    media.setLocal('camera', null);
    await settle();
    expect(world.rtc.at('2').sender.track).toBeNull();
    expect(answers()).toEqual([1]);
  });

  it('are sent whole, however small the next camera is', async () => {
    const { media, world } = await inCall();
    media.setLocal('camera', new FakeTrack('video', { width: 640, height: 480 }).real);
    await settle();
    await settle();
    expect(world.rtc.at('2').sender.parameters.encodings).toMatchObject([
      { rid: 'q', active: true, scaleResolutionDownBy: 2 },
      { rid: 'h', active: true, scaleResolutionDownBy: 1 },
      { rid: 'f', active: false },
    ]);
    media.setLocal('camera', new FakeTrack('video', { width: 1280, height: 720 }).real);
    await settle();
    await settle();
    expect(world.rtc.at('2').sender.parameters.encodings[2]).toMatchObject({ active: true, scaleResolutionDownBy: 1 });
  });

  it('survive the end of the connection', async () => {
    const { media, world, mic } = await inCall();
    media.close();
    expect(media.state.value).toBe('none');
    expect(media.tracks.value.size).toBe(0);
    media.offer(offer(1, 1, SEND));
    await settle();
    expect(world.peers).toHaveLength(2);
    expect(world.rtc.at('1').sender.track).toBe(mic);
  });
});

describe('a silent path', () => {
  it('gets ICE restarted on the same connection, then a new transport', async () => {
    const { media, world, asked, answers } = await inCall();
    await world.advance(1_200);
    expect(media.state.value).toBe('recovering');
    expect(asked('restart_ice')).toBe(1);
    media.offer(offer(1, 2, [...SEND, ...RECEIVE]));
    await settle();
    expect(answers()).toEqual([1, 2]);
    expect(world.peers).toHaveLength(1);
    await world.advance(2_400);
    expect(asked('new_transport')).toBe(1);
    media.offer(offer(2, 1, [...SEND, ...RECEIVE]));
    await settle();
    expect(media.state.value).toBe('recovering');
    world.rtc.packet();
    expect(media.state.value).toBe('up');
  });

  it('is well when the server says so', async () => {
    const { media, world } = await inCall();
    await world.advance(1_200);
    media.up(9);
    expect(media.state.value).toBe('recovering');
    media.up(1);
    expect(media.state.value).toBe('up');
  });
});

describe('after a new greeting', () => {
  it('the same transport goes on untouched', async () => {
    const { media, world, camera } = await inCall();
    media.socketLost();
    expect(media.transport).toBe(1);
    media.greeted(1);
    await settle();
    expect(world.peers).toHaveLength(1);
    expect(world.rtc.signalingState).toBe('stable');
    expect(world.rtc.at('2').sender.track).toBe(camera);
    expect(media.state.value).toBe('up');
  });

  it('another or no transport means waiting for an offer, and asking when none comes', async () => {
    const { media, world, asked } = await inCall();
    const old = world.rtc;
    media.greeted(undefined);
    expect(old.signalingState).toBe('closed');
    expect(media.transport).toBeUndefined();
    expect(media.state.value).toBe('recovering');
    await world.advance(3_999);
    expect(asked('new_transport')).toBe(0);
    await world.advance(1);
    expect(asked('new_transport')).toBe(1);
    // A restarted server counts from one again.
    media.offer(offer(1, 1, [...SEND, ...RECEIVE]));
    await settle();
    world.rtc.packet();
    expect(media.state.value).toBe('up');
    await world.advance(500);
    world.rtc.packet();
    expect(asked('new_transport')).toBe(1);
  });

  it('an offer of before is not answered on the new connection', async () => {
    const { media, answers } = await inCall();
    media.offer(offer(1, 2, SEND));
    media.greeted(undefined);
    await settle();
    expect(answers()).toEqual([1]);
  });
});

it('closes in the middle of an answer without a trace', async () => {
  const world = new World();
  const { media, sent } = mediaIn(world);
  media.offer(offer(1, 1, SEND));
  await null;
  await null;
  media.close();
  await settle();
  expect(sent).toEqual([]);
  expect(media.state.value).toBe('none');
  expect(world.timers).toBe(0);
});
