import { describe, expect, it } from 'vitest';
import { SILENCE_MS } from '../src/protocol';
import { FIRST_PACKET_MS, HANDSHAKE_MS, RESTART_PATIENCE_MS, TRANSPORT_PATIENCE_MS, Watchdog } from '../src/watchdog';
import { World } from './support/world';

function dogIn(world: World) {
  const log: { what: string; atMs: number }[] = [];
  const state = { socket: true, bytes: 0 as number | null, handshakes: false, suspicions: [] as number[] };
  const note = (what: string) => log.push({ what, atMs: world.nowMs() });
  const dog = new Watchdog(world, {
    handshakes: () => state.handshakes,
    receivedBytes: () => Promise.resolve(state.bytes),
    suspect: () => state.suspicions.push(world.nowMs()),
    silent: () => note('silent'),
    heard: () => note('heard'),
    restartIce: () => {
      if (state.socket) note('restart_ice');
      return state.socket;
    },
    newTransport: () => {
      if (state.socket) note('new_transport');
      return state.socket;
    },
  });
  return { dog, log, state, whats: () => log.map((entry) => entry.what) };
}

/** Packets every 150 ms, as the server sends them. */
async function packets(world: World, dog: Watchdog, ms: number): Promise<void> {
  for (let t = 0; t < ms; t += 150) {
    dog.packet();
    await world.advance(150);
  }
}

async function alive() {
  const world = new World();
  const all = dogIn(world);
  all.dog.watch();
  await packets(world, all.dog, 3_000);
  all.log.length = 0;
  return { world, ...all };
}

describe('a path that works', () => {
  it('raises nothing', async () => {
    const { world, dog, whats } = await alive();
    await packets(world, dog, 60_000);
    expect(whats()).toEqual([]);
  });

  it('is not given up for lost pings while media flows', async () => {
    const { world, state, whats } = await alive();
    for (let second = 0; second < 5; second += 1) {
      state.bytes = (state.bytes ?? 0) + 5_000;
      await world.advance(200);
    }
    expect(whats()).toEqual([]);
  });

  it('is not given up while the page is hidden or was frozen', async () => {
    const { world, dog, whats } = await alive();
    world.page.hide(true);
    await world.advance(30_000);
    world.page.hide(false);
    dog.packet();
    await world.freeze(30_000);
    dog.packet();
    await packets(world, dog, 2_000);
    expect(whats()).toEqual([]);
  });
});

describe('a device that moved', () => {
  it('gets fresh ICE as soon as the socket is up, before the old path falls silent', async () => {
    const { world, dog, whats } = await alive();
    dog.socketLost();
    dog.socketUp(true);
    expect(whats()).toEqual(['restart_ice']);
    await packets(world, dog, 3_000);
    expect(whats()).toEqual(['restart_ice', 'heard']);
  });

  it('gets a new transport when that brings nothing', async () => {
    const { world, dog, whats } = await alive();
    dog.socketUp(true);
    await world.advance(RESTART_PATIENCE_MS + 200);
    expect(whats()).toEqual(['restart_ice', 'new_transport']);
  });

  it('gets none for a socket that was lost alone', async () => {
    const { world, dog, whats } = await alive();
    dog.socketLost();
    dog.socketUp();
    await packets(world, dog, 1_000);
    expect(whats()).toEqual([]);
  });
});

describe('a path that died', () => {
  it('is noticed at the promised time', async () => {
    const { world, log } = await alive();
    const quietMs = world.nowMs() - 150;
    await world.advance(2_000);
    expect(log[0]?.what).toBe('silent');
    expect((log[0]?.atMs ?? 0) - quietMs).toBe(SILENCE_MS);
  });

  it('raises a suspicion well before, once', async () => {
    const { world, dog, state } = await alive();
    const quietMs = world.nowMs() - 150;
    await world.advance(2_000);
    expect(state.suspicions).toHaveLength(1);
    expect((state.suspicions[0] ?? 0) - quietMs).toBeLessThanOrEqual(SILENCE_MS - 150);
    dog.packet();
    await world.advance(2_000);
    expect(state.suspicions).toHaveLength(2);
  });

  it('gets fresh ICE at once, then new transports with growing patience', async () => {
    const { world, log } = await alive();
    await world.advance(25_000);
    expect(log.map((entry) => entry.what).slice(0, 5)).toEqual([
      'silent',
      'restart_ice',
      'new_transport',
      'new_transport',
      'new_transport',
    ]);
    const times = log.map((entry) => entry.atMs);
    const gaps = times.slice(1).map((atMs, i) => atMs - (times[i] ?? 0));
    expect(gaps[0]).toBe(0);
    expect(gaps[1]).toBeGreaterThanOrEqual(RESTART_PATIENCE_MS);
    expect(gaps[1]).toBeLessThanOrEqual(RESTART_PATIENCE_MS + 200);
    expect(gaps[2]).toBeGreaterThanOrEqual(TRANSPORT_PATIENCE_MS);
    expect(gaps[3]).toBeGreaterThanOrEqual(2 * TRANSPORT_PATIENCE_MS);
  });

  it('is well again with the first packet, and a second death starts from the beginning', async () => {
    const { world, dog, whats } = await alive();
    await world.advance(1_500);
    dog.packet();
    expect(whats()).toEqual(['silent', 'restart_ice', 'heard']);
    await world.advance(1_500);
    expect(whats()).toEqual(['silent', 'restart_ice', 'heard', 'silent', 'restart_ice']);
  });

  it('is well again when media flows, even if no ping comes', async () => {
    const { world, state, whats } = await alive();
    await world.advance(1_500);
    state.bytes = 90_000;
    await world.advance(600);
    expect(whats()).toEqual(['silent', 'restart_ice', 'heard']);
  });

  it('waits for the socket before it asks for anything', async () => {
    const { world, dog, state, whats } = await alive();
    state.socket = false;
    await world.advance(5_000);
    expect(whats()).toEqual(['silent']);
    state.socket = true;
    dog.socketUp();
    expect(whats()).toEqual(['silent', 'restart_ice']);
  });

  it('asks again when the socket died with the request', async () => {
    const { world, dog, whats } = await alive();
    await world.advance(1_200);
    dog.socketLost();
    dog.socketUp();
    expect(whats()).toEqual(['silent', 'restart_ice', 'restart_ice']);
  });

  it('is noticed by ICE itself in a hidden page', async () => {
    const { world, dog, whats } = await alive();
    world.page.hide(true);
    dog.failed();
    dog.failed();
    expect(whats()).toEqual(['silent', 'restart_ice']);
  });

  it('is noticed when it never began', async () => {
    const world = new World();
    const { dog, whats } = dogIn(world);
    dog.watch();
    await world.advance(FIRST_PACKET_MS - 200);
    expect(whats()).toEqual([]);
    await world.advance(400);
    expect(whats()).toEqual(['silent', 'restart_ice']);
  });
});

it('gives up a transport whose handshake does not end, and does not ask for fresh ICE', async () => {
  const world = new World();
  const { dog, state, log, whats } = dogIn(world);
  dog.watch();
  await world.advance(1_000);
  state.handshakes = true;
  const begunMs = world.nowMs();
  await world.advance(HANDSHAKE_MS + 600);
  expect(whats()).toEqual(['silent', 'new_transport']);
  const afterMs = (log[0]?.atMs ?? 0) - begunMs;
  expect(afterMs).toBeGreaterThanOrEqual(HANDSHAKE_MS);
  expect(afterMs).toBeLessThanOrEqual(HANDSHAKE_MS + 400);
});

it('gives a handshake that ends its time, and begins to count anew with each', async () => {
  const world = new World();
  const { dog, state, whats } = dogIn(world);
  dog.watch();
  for (let turn = 0; turn < 2; turn += 1) {
    state.handshakes = true;
    await world.advance(HANDSHAKE_MS - 400);
    state.handshakes = false;
    await world.advance(200);
  }
  expect(whats()).toEqual([]);
});

it('leaves no timer behind', async () => {
  const { world, dog, whats } = await alive();
  dog.stop();
  await world.advance(10_000);
  dog.packet();
  expect(world.timers).toBe(0);
  expect(whats()).toEqual([]);
});
