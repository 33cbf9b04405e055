import { describe, expect, it } from 'vitest';
import { BLACK_AFTER_MS, Check, SILENT_AFTER_MS, STUCK_AFTER_MS } from '../src/check';
import { measureNetwork } from '../src/netcheck';
import { meanLuma, meter, type Probes } from '../src/probes';
import { Cell } from '../src/signal';
import type { Way, WaysCheck, WaysProgress } from '../src/ways-types';
import { machineWith, MIC, thrown } from './support/machine';
import { settle, World } from './support/world';

const LOUD = 0.1;
const BRIGHT = 120;

/** Ears and eyes that a test sets. */
function probesIn() {
  const state = { rms: 0 as number | null, luma: BRIGHT, frozen: false, chimes: [] as (string | null)[], deaf: false };
  let frames = 0;
  let running = 0;
  const stop = () => {
    running -= 1;
  };
  const probes: Probes = {
    level: () => {
      running += 1;
      return { read: () => state.rms, stop };
    },
    luma: () => {
      running += 1;
      return {
        read: () => {
          if (!state.frozen) frames += 1;
          return { luma: state.luma, frames };
        },
        stop,
      };
    },
    chime: async (speakerId) => {
      if (state.deaf) throw new Error('no audio');
      state.chimes.push(speakerId);
    },
    stop: () => undefined,
  };
  return { state, probes, running: () => running };
}

type Verdict = 'works' | 'udp_blocked' | 'media_blocked' | 'refused';

/** A check of the ways that comes to this. */
function waysOf(verdict: Verdict): WaysCheck {
  const done = verdict === 'works' || verdict === 'refused' ? null : verdict;
  const udp: Way = { name: 'udp', state: done === null ? 'works' : 'blocked', ms: null, by: null, rule: null };
  return {
    ways: new Cell<readonly Way[]>([udp]),
    progress: new Cell<WaysProgress>(verdict === 'refused' ? 'refused' : 'done'),
    run: () => Promise.resolve(),
    verdict: () => done,
    dispose: () => undefined,
  };
}

function checkIn(world: World) {
  const machine = machineWith(world);
  const probes = probesIn();
  const network = { rttMs: 40, downlinkBps: 5_000_000, fails: false, ways: 'works' as Verdict };
  const check = new Check({
    env: world,
    around: machine.around,
    probes: probes.probes,
    devices: machine.devices,
    network: async () => {
      if (network.fails) throw new Error('away');
      return network;
    },
    ways: async () => waysOf(network.ways),
  });
  return { world, check, network, ...machine, ...probes };
}

async function started() {
  const all = checkIn(new World());
  await all.check.start();
  return all;
}

describe('the microphone', () => {
  it('is fine once a voice was heard', async () => {
    const { world, check, state } = await started();
    expect(check.microphone.value.state).toBe('running');
    state.rms = LOUD;
    await world.advance(50);
    expect(check.microphone.value).toEqual({ state: 'ok', code: null });
    expect(check.level.value).toBeGreaterThan(0.7);
  });

  it('is silent after five seconds without one, and fine when it comes after all', async () => {
    const { world, check, state } = await started();
    state.rms = 0.0005;
    await world.advance(SILENT_AFTER_MS - 100);
    expect(check.microphone.value.state).toBe('running');
    await world.advance(100);
    expect(check.microphone.value).toEqual({ state: 'failed', code: 'silent_microphone' });
    state.rms = LOUD;
    await world.advance(50);
    expect(check.microphone.value.state).toBe('ok');
  });

  it('is not judged while the browser holds audio back', async () => {
    const { world, check, state } = await started();
    state.rms = null;
    await world.advance(60_000);
    expect(check.microphone.value.state).toBe('running');
  });

  it('is listened to anew on "try again"', async () => {
    const { world, check } = await started();
    await world.advance(SILENT_AFTER_MS);
    await check.retry('microphone');
    expect(check.microphone.value.state).toBe('running');
    await world.advance(SILENT_AFTER_MS);
    expect(check.microphone.value.code).toBe('silent_microphone');
  });
});

describe('the camera', () => {
  it('is fine with light', async () => {
    const { world, check } = await started();
    await world.advance(50);
    expect(check.camera.value.state).toBe('ok');
  });

  it('is black after three seconds in the dark, and fine with light again', async () => {
    const { world, check, state } = await started();
    state.luma = 2;
    await world.advance(BLACK_AFTER_MS - 100);
    expect(check.camera.value.state).toBe('running');
    await world.advance(100);
    expect(check.camera.value).toEqual({ state: 'failed', code: 'black_video' });
    state.luma = BRIGHT;
    await world.advance(50);
    expect(check.camera.value.state).toBe('ok');
  });

  it('is broken when no new frame comes', async () => {
    const { world, check, state } = await started();
    await world.advance(50);
    state.frozen = true;
    await world.advance(STUCK_AFTER_MS + 50);
    expect(check.camera.value.code).toBe('hardware');
  });

  it('is not judged in a hidden page', async () => {
    const { world, check, state } = await started();
    world.page.hide(true);
    state.frozen = true;
    await world.advance(60_000);
    world.page.hide(false);
    state.frozen = false;
    await world.advance(100);
    expect(check.camera.value.state).toBe('ok');
  });

  it('can be done without, and the report says why', async () => {
    const all = checkIn(new World());
    all.machine.devices = [MIC];
    await all.check.start();
    expect(all.check.camera.value.code).toBe('no_camera');
    all.check.voiceOnly();
    await settle();
    all.state.rms = LOUD;
    await all.world.advance(50);
    expect(all.check.report().outcomes).toContainEqual({ item: 'camera', ok: false, code: 'no_camera' });
    expect(all.check.report().outcomes).toContainEqual({ item: 'microphone', ok: true, code: null });
  });

  it('gets a fresh start on "try again"', async () => {
    const { world, check, machine, state } = await started();
    state.luma = 0;
    await world.advance(BLACK_AFTER_MS);
    const before = machine.tracks.length;
    state.luma = BRIGHT;
    await check.retry('camera');
    await world.advance(50);
    expect(machine.tracks.length).toBe(before + 1);
    expect(machine.live('video')).toHaveLength(1);
    expect(check.camera.value.state).toBe('ok');
  });

  it('that is refused is told with its code', async () => {
    const all = checkIn(new World());
    all.machine.standing.both = thrown('NotAllowedError');
    await all.check.start();
    expect(all.check.camera.value).toEqual({ state: 'failed', code: 'permission_dismissed' });
    expect(all.check.microphone.value).toEqual({ state: 'failed', code: 'permission_dismissed' });
  });
});

describe('the loudspeaker', () => {
  it('is what the person says', async () => {
    const { check, state } = await started();
    await check.chime();
    expect(state.chimes).toEqual([null]);
    expect(check.speaker.value.state).toBe('running');
    check.heard(false);
    expect(check.speaker.value.code).toBe('speaker_failed');
    await check.retry('speaker');
    check.heard(true);
    expect(check.speaker.value.state).toBe('ok');
  });

  it('fails when nothing can be played', async () => {
    const { check, state } = await started();
    state.deaf = true;
    await check.chime();
    expect(check.speaker.value.code).toBe('speaker_failed');
  });
});

describe('the network', () => {
  it.each([
    [{ rttMs: 40, downlinkBps: 5_000_000 }, 'ok'],
    [{ rttMs: 801, downlinkBps: 5_000_000 }, 'failed'],
    [{ rttMs: 40, downlinkBps: 149_000 }, 'failed'],
    [{ fails: true }, 'failed'],
  ] as const)('%o is %s', async (figures, state) => {
    const all = checkIn(new World());
    Object.assign(all.network, figures);
    await all.check.measureNetwork();
    expect(all.check.network.value.state).toBe(state);
  });

  it.each([
    ['works', 'ok', null],
    ['udp_blocked', 'failed', 'udp_blocked'],
    ['media_blocked', 'failed', 'media_blocked'],
    // Where nobody could try, the call itself will show.
    ['refused', 'ok', null],
  ] as const)('whose ways come to %s is %s, and the clinic is told', async (ways, state, code) => {
    const all = checkIn(new World());
    all.network.ways = ways;
    await all.check.measureNetwork();
    expect(all.check.network.value).toEqual({ state, code });
    expect(all.check.report().outcomes).toEqual([{ item: 'network', ok: code === null, code }]);
    expect(all.check.ways.value.length).toBe(ways === 'refused' ? 0 : 1);
  });

  it('is measured by the middle of the round trips and by the bytes that came', async () => {
    const world = new World();
    const trips = [500, 30, 30, 200, 30, 30];
    for (const ms of trips) {
      world.answers.push(async () => {
        await world.advance(ms);
        return new Response(null, { status: 204 });
      });
    }
    world.answers.push(async () => {
      await world.advance(400);
      return new Response(new Uint8Array(200_000));
    });
    const measured = await measureNetwork(world);
    expect(measured.rttMs).toBe(30);
    expect(measured.downlinkBps).toBe(4_000_000);
    expect(world.timers).toBe(0);
  });

  it('rejects when the server is away', async () => {
    const world = new World();
    world.answers.push(() => Promise.reject(new TypeError('Failed to fetch')));
    await expect(measureNetwork(world)).rejects.toThrow();
  });
});

describe('the whole', () => {
  it('tells what makes a visit impossible before anything is asked', () => {
    const world = new World();
    const machine = machineWith(world);
    machine.around.secure = false;
    const check = new Check({ env: world, around: machine.around, probes: probesIn().probes, devices: machine.devices, network: measureNetwork, ways: async () => waysOf('works') });
    expect(check.blocker).toBe('insecure_context');
    expect(machine.machine.asked).toHaveLength(0);
  });

  it('points at the question when it stays open', async () => {
    const all = checkIn(new World());
    all.machine.holding = true;
    const start = all.check.start();
    await all.world.advance(1_500);
    expect(all.check.promptOpen.value).toBe(true);
    all.machine.answer();
    await start;
    expect(all.check.promptOpen.value).toBe(false);
  });

  it('reports each item once, without a name of a device', async () => {
    const { world, check, state } = await started();
    state.rms = LOUD;
    await world.advance(100);
    check.heard(true);
    const report = check.report();
    expect(report).toEqual({
      outcomes: [
        { item: 'camera', ok: true, code: null },
        { item: 'microphone', ok: true, code: null },
        { item: 'speaker', ok: true, code: null },
        { item: 'network', ok: true, code: null },
      ],
      rtt_ms: 40,
    });
  });

  it('leaves the devices to the call and nothing else running', async () => {
    const { world, check, machine, running } = await started();
    await world.advance(100);
    check.dispose();
    expect(running()).toBe(0);
    expect(world.timers).toBe(0);
    expect(machine.live('video')).toHaveLength(1);
    expect(machine.live('audio')).toHaveLength(1);
  });
});

describe('figures', () => {
  it('the meter goes from a quiet room to a loud voice', () => {
    expect(meter(0)).toBe(0);
    expect(meter(0.0005)).toBe(0);
    expect(meter(0.0178)).toBeCloseTo(0.5, 2);
    expect(meter(1)).toBe(1);
  });

  it('brightness weighs colours as eyes do', () => {
    expect(meanLuma(new Uint8ClampedArray([255, 255, 255, 255]))).toBeCloseTo(255);
    expect(meanLuma(new Uint8ClampedArray([0, 255, 0, 255, 0, 0, 0, 255]))).toBeCloseTo(91.2, 1);
    expect(meanLuma(new Uint8ClampedArray())).toBe(0);
  });
});
