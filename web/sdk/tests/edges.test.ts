import { describe, expect, it, vi } from 'vitest';
import { Speakers } from '../src/audio';
import { browserEnv } from '../src/env';
import { findBlocker, isInApp } from '../src/failures';
import { endOf, phaseOf } from '../src/phase';
import type { SeatState } from '../src/protocol';
import { Cell } from '../src/signal';
import { WakeLock } from '../src/wake';
import { surroundings } from './support/machine';
import { FakeTrack } from './support/peer';
import { settle, World } from './support/world';

describe('Speakers', () => {
  function speakers(play: () => Promise<void> = () => Promise.resolve()) {
    const made: (HTMLAudioElement & { sink?: string })[] = [];
    const speakerId = new Cell<string | null>(null);
    const all = new Speakers(speakerId, () => {
      const player = document.createElement('audio') as HTMLAudioElement & { sink?: string };
      player.play = play;
      Object.assign(player, {
        setSinkId: async (id: string) => {
          player.sink = id;
        },
      });
      made.push(player);
      return player;
    });
    return { all, made, speakerId };
  }

  it('plays exactly the tracks that it is given', () => {
    const { all, made } = speakers();
    const [a, b] = [new FakeTrack('audio').real, new FakeTrack('audio').real];
    all.play([a, b]);
    all.play([b]);
    expect(made).toHaveLength(2);
    expect(made.map((player) => player.srcObject !== null)).toEqual([false, true]);
    all.dispose();
    expect(made.every((player) => player.srcObject === null)).toBe(true);
  });

  it('asks for a tap when the browser wants one', async () => {
    let allowed = false;
    const { all } = speakers(() =>
      allowed ? Promise.resolve() : Promise.reject(new DOMException('', 'NotAllowedError')),
    );
    all.play([new FakeTrack('audio').real]);
    await settle();
    expect(all.state.value).toBe('blocked');
    allowed = true;
    await all.unblock();
    expect(all.state.value).toBe('ok');
  });

  it('goes on after the system has stopped it', async () => {
    let plays = 0;
    const { all, made } = speakers(async () => void (plays += 1));
    all.play([new FakeTrack('audio').real]);
    all.wake();
    expect(made[0]?.paused).toBe(true); // The fake never leaves "paused": it was tried again.
    expect(plays).toBe(2);
  });

  it('raises no alarm for an element that was emptied', async () => {
    const { all } = speakers(() => Promise.reject(new DOMException('', 'AbortError')));
    all.play([new FakeTrack('audio').real]);
    await settle();
    expect(all.state.value).toBe('ok');
  });

  it('follows the chosen loudspeaker', async () => {
    const { all, made, speakerId } = speakers();
    all.play([new FakeTrack('audio').real]);
    speakerId.set('headphones');
    await settle();
    expect(made[0]?.sink).toBe('headphones');
  });
});

describe('WakeLock', () => {
  it('holds while wanted, and again after the page was hidden', async () => {
    const world = new World();
    const held: { released: boolean }[] = [];
    const lock = new WakeLock(world, async () => {
      const one = {
        released: false,
        release: async () => {
          one.released = true;
        },
      };
      held.push(one);
      return one;
    });
    lock.want(true);
    lock.want(true);
    await settle();
    expect(held).toHaveLength(1);
    world.page.isVisible = false;
    held[0]!.released = true;
    world.page.fire('visibility');
    await settle();
    expect(held).toHaveLength(1);
    world.page.hide(false);
    await settle();
    expect(held).toHaveLength(2);
    lock.dispose();
    await settle();
    expect(held[1]?.released).toBe(true);
    expect(world.page.listeners).toBe(0);
  });

  it('lets go of a lock that came too late, and lives with a refusal', async () => {
    const world = new World();
    let released = 0;
    const lock = new WakeLock(world, async () => {
      await null;
      return { released: false, release: async () => void (released += 1) };
    });
    lock.want(true);
    lock.want(false);
    await settle();
    expect(released).toBe(1);
    const refused = new WakeLock(world, () => Promise.reject(new Error('battery')));
    refused.want(true);
    await settle();
    refused.dispose();
  });
});

describe('surroundings', () => {
  it.each([
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS;FBAV/440.0]', true],
    ['Mozilla/5.0 (Linux; Android 13) Chrome/119 Mobile Instagram 309.0', true],
    ['Mozilla/5.0 (iPhone) AppleWebKit/605 Line/13.1', true],
    ['Mozilla/5.0 (iPhone) AppleWebKit/605 GSA/290.0 Mobile', true],
    ['Mozilla/5.0 (Linux; Android 14; Pixel; wv) AppleWebKit/537 Chrome/120', true],
    ['Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Version/17.0 Mobile Safari/604.1', false],
    ['Mozilla/5.0 (Linux; Android 14) Chrome/120.0 Mobile Safari/537.36', false],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 Outline/1', false],
  ])('%s is inside an app: %s', (userAgent, inside) => {
    expect(isInApp(userAgent)).toBe(inside);
  });

  it('that are fine block nothing', () => {
    expect(findBlocker(surroundings())).toBeNull();
  });
});

describe('phases', () => {
  const guest: Record<SeatState, string> = {
    invited: 'checking',
    checking: 'checking',
    consenting: 'consenting',
    waiting: 'waiting',
    admitted: 'admitted',
    in_call: 'in_call',
    away: 'admitted',
    left: 'ended',
    removed: 'removed',
  };
  it.each(Object.entries(guest))('a guest who is %s sees %s', (state, phase) => {
    expect(phaseOf(state as SeatState, 'patient', 'hello')).toBe(phase);
  });

  it('the clinic skips the way in, and a call stays a call', () => {
    expect(phaseOf('invited', 'host', 'hello')).toBe('hello');
    expect(phaseOf('left', 'staff', 'in_call')).toBe('hello');
    expect(phaseOf('admitted', 'patient', 'in_call')).toBe('in_call');
    expect(phaseOf('away', 'host', 'in_call')).toBe('in_call');
    expect(endOf('open')).toBeNull();
    expect([endOf('ended'), endOf('no_show'), endOf('failed')]).toEqual(['done', 'no_show', 'failed']);
  });
});

describe('the browser', () => {
  it('gives ids that the server takes', () => {
    const env = browserEnv();
    const ids = new Set(Array.from({ length: 50 }, () => env.id()));
    expect(ids.size).toBe(50);
    for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]{1,40}$/);
  });

  it('opens the socket at the own origin', () => {
    const opened: string[] = [];
    vi.stubGlobal(
      'WebSocket',
      class {
        constructor(url: URL) {
          opened.push(url.href);
        }
      },
    );
    vi.stubGlobal('location', new URL('https://clinic.example/v?x#secret'));
    browserEnv().socket();
    expect(opened).toEqual(['wss://clinic.example/ws']);
  });

  it('lives without storage', () => {
    vi.stubGlobal('sessionStorage', undefined);
    const { page } = browserEnv();
    expect(() => page.remember('k', 'v')).not.toThrow();
    expect(page.recall('k')).toBeNull();
  });
});
