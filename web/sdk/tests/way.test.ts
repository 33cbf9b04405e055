import { describe, expect, it } from 'vitest';
import type { ServerMessage } from '../src/protocol';
import { FakePeer, HOST, ME } from './support/peer';
import { inCall, person, room, welcome } from './support/visit';
import { Way } from '../src/way';
import { World } from './support/world';

const OPEN: ServerMessage = { type: 'direct_open', attempt: 1, seat: HOST, offers: false, relay_only: false };

describe('the way of a visit', () => {
  it('opens a connection beside the server’s, and closes it with the room', async () => {
    const { visit, world } = await inCall();
    const unit = world.rtc;
    world.wire.say(OPEN);
    await loaded(world, 2);
    expect(visit.path.value).toBe('server');
    expect(unit.connectionState).not.toBe('closed');
    const way = world.rtc;
    expect(way).not.toBe(unit);
    world.wire.say({ type: 'you', state: 'waiting', because: 'put_back' });
    await world.advance(0);
    expect(way.connectionState).toBe('closed');
  });

  it('is not opened for somebody who is not inside', async () => {
    const { world } = await inCall();
    world.wire.say({ type: 'you', state: 'waiting', because: 'put_back' });
    await world.advance(0);
    const before = world.peers.length;
    world.wire.say(OPEN);
    await world.advance(100);
    expect(world.peers).toHaveLength(before);
  });

  it('ends with the socket, because nobody could end it in order', async () => {
    const { world, greet } = await inCall();
    world.wire.say(OPEN);
    await loaded(world, 2);
    const way = world.rtc;
    world.wire.drop();
    await world.advance(0);
    expect(way.connectionState).toBe('closed');
    await greet(welcome('in_call', { transport: 1 }));
    world.wire.say(room(2, [person(ME), person(HOST)]));
    await world.advance(0);
    expect(world.peers).toHaveLength(2);
  });

  it('stays the server’s until something arrived', async () => {
    const world = new World();
    const rests: boolean[] = [];
    const way = new Way(world, {
      send: () => true,
      show: () => undefined,
      rest: (on) => void rests.push(on),
      local: () => null,
      people: () => [],
      relief: () => 0,
      relays: () => [],
      me: () => ME,
      speaking: () => undefined,
      unitStats: () => Promise.resolve(null),
      unitTrack: () => null,
    });
    const seen: string[] = [];
    way.path.subscribe((path) => void seen.push(path));
    way.hear({ type: 'direct_open', attempt: 1, seat: HOST, offers: false, relay_only: false });
    await loaded(world, 1);
    // Nothing arrived yet, so the server cannot rest: a word that comes too early changes nothing.
    way.hear({ type: 'direct_on', attempt: 1 });
    await world.advance(10);
    way.close();
    expect(seen).toEqual(['server']);
    expect(rests).toEqual([]);
    expect(world.rtc.connectionState).toBe('closed');
  });
});

/** The code of the direct way is loaded at its first use, which takes the time that it takes. */
async function loaded(world: World, peers: number): Promise<void> {
  await import('../src/direct');
  for (let round = 0; round < 20 && world.peers.length < peers; round += 1) await world.advance(0);
  expect(world.peers).toHaveLength(peers);
  expect(world.rtc).toBeInstanceOf(FakePeer);
}
