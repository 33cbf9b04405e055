import { describe, expect, it } from 'vitest';
import type { BedsideError } from '../src/errors';
import { call } from '../src/http';
import type { ServerMessage, Token } from '../src/protocol';
import { OFFLINE_AFTER_MS, RECONNECT_DELAYS_MS, Wire } from '../src/socket';
import { noNetwork, refusal, World } from './support/world';

const GREETING: ServerMessage = { type: 'board', visits: [], now: 0 };

function wireIn(world: World) {
  const heard: ServerMessage[] = [];
  const refused: BedsideError[] = [];
  const limits: number[] = [];
  let lost = 0;
  const wire = new Wire(world, {
    token: async (timeoutMs) => {
      limits.push(timeoutMs);
      return (await call<Token>('POST', 'seat/token', {}, world.fetch)).token;
    },
    resume: () => ({ transport: 7 }),
    isGreeting: (message) => message.type === 'board',
    message: (message) => heard.push(message),
    lost: () => {
      lost += 1;
    },
    refused: (error) => refused.push(error),
  });
  return { wire, heard, refused, limits, losses: () => lost };
}

async function greeted(world = new World()) {
  const all = wireIn(world);
  all.wire.start();
  await world.advance(0);
  world.wire.open();
  world.wire.say(GREETING);
  return { world, ...all };
}

describe('opening', () => {
  it('fetches a token, says hello with it, and is up after the greeting only', async () => {
    const world = new World();
    const { wire } = wireIn(world);
    wire.start();
    wire.start();
    await world.advance(0);
    expect(world.sockets).toHaveLength(1);
    world.wire.open();
    expect(world.wire.sent).toEqual([{ type: 'hello', protocol: 2, token: 'token-1', transport: 7 }]);
    expect(wire.up).toBe(false);
    expect(wire.send({ type: 'leave' })).toBe(false);
    world.wire.say(GREETING);
    expect(wire.up).toBe(true);
  });

  it('shows no alarm before the first failure', async () => {
    const world = new World();
    const { wire } = wireIn(world);
    wire.start();
    expect(wire.connection.value).toBe('online');
    await world.advance(0);
    world.wire.drop();
    expect(wire.connection.value).toBe('reconnecting');
  });

  it('ignores what is not a message and passes on what it does not know', async () => {
    const { world, heard } = await greeted();
    world.wire.raw('{');
    world.wire.raw('null');
    world.wire.raw('[1]');
    world.wire.raw(new ArrayBuffer(3));
    world.wire.raw('{"type":"from_the_future"}');
    expect(heard.map((message) => message.type)).toEqual(['board', 'from_the_future']);
  });
});

describe('in doubt', () => {
  it('gives up a socket that does not answer within three round trips', async () => {
    const { world, wire, losses } = await greeted();
    world.wire.answers = false;
    await world.advance(5_000);
    await world.advance(200);
    world.wire.say({ type: 'pong', n: 1 });
    wire.doubt();
    await world.advance(599);
    expect(losses()).toBe(0);
    await world.advance(1);
    expect(losses()).toBe(1);
    await world.advance(0);
    expect(world.sockets).toHaveLength(2);
  });

  it('keeps one that says anything', async () => {
    const { world, wire, losses } = await greeted();
    world.wire.answers = false;
    wire.doubt();
    await world.advance(300);
    world.wire.say({ type: 'board', visits: [], now: 0 });
    await world.advance(2_000);
    expect(losses()).toBe(0);
    expect(world.sockets).toHaveLength(1);
  });

  it('does not wait long for a token after a loss, and longer each time', async () => {
    const { world, limits } = await greeted();
    world.answers.push(noNetwork, noNetwork, noNetwork);
    world.wire.drop();
    await world.advance(60_000);
    expect(limits.slice(0, 5)).toEqual([8_000, 1_000, 2_500, 24_000, 24_000]);
  });
});

describe('reconnecting', () => {
  it('waits as the schedule says, with a fresh token each time', async () => {
    const { world } = await greeted();
    await world.advance(10_000);
    const startMs = world.nowMs();
    for (let turn = 0; turn < 7; turn += 1) world.answers.push(noNetwork);
    world.wire.drop();
    await world.advance(60_000);
    const tries = world.calls.slice(1, 9).map((c) => c.atMs);
    const waits = tries.map((atMs, i) => atMs - (i === 0 ? startMs : (tries[i - 1] ?? 0)));
    expect(waits.slice(0, 8)).toEqual([...RECONNECT_DELAYS_MS, 5000, 5000]);
  });

  it('adds jitter, and at most 30 %', async () => {
    const { world } = await greeted();
    await world.advance(10_000);
    world.chance = 0.999;
    world.answers.push(noNetwork, noNetwork);
    world.wire.drop();
    await world.advance(100);
    expect(world.calls).toHaveLength(2);
    await world.advance(380);
    expect(world.calls).toHaveLength(2);
    await world.advance(10);
    expect(world.calls).toHaveLength(3);
  });

  it('does not start the waits anew for a connection that dies at once', async () => {
    const { world } = await greeted();
    world.wire.drop();
    await world.advance(0);
    world.wire.open();
    world.wire.say(GREETING);
    world.wire.drop();
    await world.advance(299);
    expect(world.sockets).toHaveLength(2);
    await world.advance(1);
    expect(world.sockets).toHaveLength(3);
  });

  it('waits as long as the server asks', async () => {
    const { world } = await greeted();
    world.answers.push(() => refusal(429, 'too_fast', { retry_after_ms: 7_000 }));
    world.wire.drop();
    await world.advance(6_999);
    expect(world.sockets).toHaveLength(1);
    await world.advance(1);
    expect(world.sockets).toHaveLength(2);
  });

  it.each(['online', 'network', 'restored'] as const)('connects anew at once on "%s"', async (signal) => {
    const { world, wire } = await greeted();
    const old = world.wire;
    expect(wire.moved()).toBe(false);
    world.page.fire(signal);
    await world.advance(0);
    expect(old.state).toBe('closed');
    expect(world.sockets).toHaveLength(2);
    world.wire.open();
    world.wire.say(GREETING);
    expect(wire.connection.value).toBe('online');
    expect([wire.moved(), wire.moved()]).toEqual([true, false]);
  });

  it('says "offline" when the browser has no network, and after a long silence of the server', async () => {
    const { world, wire } = await greeted();
    world.answers.push(...Array.from({ length: 20 }, () => noNetwork));
    world.wire.drop();
    await world.advance(OFFLINE_AFTER_MS - 1);
    expect(wire.connection.value).toBe('reconnecting');
    await world.advance(1);
    expect(wire.connection.value).toBe('offline');

    const other = await greeted();
    other.world.page.isOnline = false;
    other.world.page.fire('offline');
    await other.world.advance(10_000);
    expect(other.wire.connection.value).toBe('online'); // The socket knows better.
    other.world.wire.answers = false;
    other.world.page.fire('offline');
    await other.world.advance(2_000);
    expect(other.wire.connection.value).toBe('offline');
  });

  it('gives up an attempt that hangs', async () => {
    const world = new World();
    const { wire } = wireIn(world);
    wire.start();
    await world.advance(0);
    world.wire.open();
    await world.advance(8_000);
    expect(world.sockets).toHaveLength(2);
    expect(world.sockets[0]?.state).toBe('closed');
  });

  it('stops for good when refused for good', async () => {
    const world = new World();
    const { wire, refused } = wireIn(world);
    world.answers.push(() => refusal(404, 'no_such_visit'));
    wire.start();
    await world.advance(60_000);
    expect(refused.map((error) => error.code)).toEqual(['no_such_visit']);
    expect(world.calls).toHaveLength(1);
    expect(world.timers).toBe(0);
    expect(world.page.listeners).toBe(0);
  });

  it('fetches another token when the socket finds it too old', async () => {
    const world = new World();
    const { wire, refused } = wireIn(world);
    wire.start();
    await world.advance(0);
    world.wire.open();
    world.wire.refuse('token_expired');
    await world.advance(0);
    expect(refused).toEqual([]);
    expect(world.calls).toHaveLength(2);
  });

  it('leaves nothing behind after stop', async () => {
    const { world, wire } = await greeted();
    wire.stop();
    expect(world.wire.state).toBe('closed');
    expect(world.timers).toBe(0);
    expect(world.page.listeners).toBe(0);
    await world.advance(60_000);
    expect(world.sockets).toHaveLength(1);
  });
});

describe('liveness', () => {
  it('measures the round trip', async () => {
    const { world, wire } = await greeted();
    world.wire.answers = false;
    await world.advance(5_000);
    await world.advance(120);
    world.wire.say({ type: 'pong', n: world.wire.all('ping').at(-1)?.n ?? 0 });
    expect(wire.rttMs).toBe(120);
  });

  it('gives up a socket that answers nothing', async () => {
    const { world, losses } = await greeted();
    world.wire.answers = false;
    await world.advance(9_999);
    expect(losses()).toBe(0);
    await world.advance(1);
    expect(losses()).toBe(1);
    expect(world.sockets).toHaveLength(2);
  });

  it('does not count frozen time as silence', async () => {
    const { world, losses } = await greeted();
    await world.advance(5_000 - 1);
    world.wire.answers = false;
    await world.advance(1);
    await world.freeze(60_000);
    expect(losses()).toBe(0);
    world.wire.answers = true;
    await world.advance(4_000);
    expect(losses()).toBe(0);
  });

  it('asks at once after coming back from the background', async () => {
    const { world, losses } = await greeted();
    world.page.hide(true);
    world.wire.answers = false;
    world.page.hide(false);
    await world.advance(2_000);
    expect(losses()).toBe(1);
  });
});

describe('commands', () => {
  it('resolves when the server has handled it', async () => {
    const { world, wire } = await greeted();
    await expect(wire.command({ type: 'admit', seat: 's' })).resolves.toBeUndefined();
    expect(world.wire.all('admit')).toHaveLength(1);
  });

  it('rejects the command that the refusal belongs to, not the next', async () => {
    const { world, wire } = await greeted();
    world.wire.answers = false;
    const first = wire.command({ type: 'admit', seat: 'a' });
    const second = wire.command({ type: 'end', outcome: 'no_show' });
    const [pingA, pingB] = world.wire.all('ping');
    world.wire.say({ type: 'pong', n: pingA?.n ?? 0 });
    world.wire.refuse('not_a_no_show');
    world.wire.say({ type: 'pong', n: pingB?.n ?? 0 });
    await expect(first).resolves.toBeUndefined();
    await expect(second).rejects.toMatchObject({ code: 'not_a_no_show' });
  });

  it('finds a refused message by its id, whatever else is open', async () => {
    const { world, wire } = await greeted();
    world.wire.answers = false;
    const admit = wire.command({ type: 'admit', seat: 'a' });
    const note = wire.command({ type: 'note', seat: 'a', id: 'n1', text: 'soon' });
    world.wire.refuse('wrong_state', { replyTo: 'n1' });
    for (const { n } of world.wire.all('ping')) world.wire.say({ type: 'pong', n });
    await expect(admit).resolves.toBeUndefined();
    await expect(note).rejects.toMatchObject({ code: 'wrong_state' });
  });

  it('does not blame a command for a failed negotiation', async () => {
    const { world, wire, heard } = await greeted();
    world.wire.answers = false;
    const admit = wire.command({ type: 'admit', seat: 'a' });
    world.wire.refuse('stale_answer');
    world.wire.say({ type: 'pong', n: world.wire.all('ping').at(-1)?.n ?? 0 });
    await expect(admit).resolves.toBeUndefined();
    expect(heard.at(-1)?.type).toBe('error');
  });

  it('rejects with "offline" without a socket and when it goes down', async () => {
    const { world, wire } = await greeted();
    world.wire.answers = false;
    const open = wire.command({ type: 'admit', seat: 'a' });
    world.wire.drop();
    await expect(open).rejects.toMatchObject({ code: 'offline' });
    await expect(wire.command({ type: 'admit', seat: 'a' })).rejects.toMatchObject({ code: 'offline' });
  });
});
