import { describe, expect, it } from 'vitest';
import { CALM_MS, MAX_CALM_MS, MAX_REST_MS, PRESSURE_MS, Pressure, REST_MS, SOUND_ONLY_BPS } from '../src/pressure';
import type { LimitedBy } from '../src/protocol';
import { QUALITY_EVERY_MS } from '../src/quality';
import { offer, RECEIVE, SEND } from './support/peer';
import { inCall } from './support/visit';

// What a page fetches late takes real time; here it is there before time stands still.
await import('../src/stats');

/** A machine that is looked at as often as the call looks at it. */
function machine() {
  const pressure = new Pressure();
  let nowMs = 0;
  const live = (spanMs: number, limitedBy: LimitedBy) => {
    for (const until = nowMs + spanMs; nowMs < until; ) {
      nowMs += QUALITY_EVERY_MS;
      pressure.judge(nowMs, limitedBy);
    }
    return pressure.relief;
  };
  return { pressure, live };
}

describe('a processor that cannot keep up', () => {
  it('is relieved after ten seconds, not after one bad look', () => {
    const { live } = machine();
    expect(live(PRESSURE_MS, 'cpu')).toBe(0);
    expect(live(QUALITY_EVERY_MS, 'none')).toBe(0);
    expect(live(PRESSURE_MS, 'cpu')).toBe(0);
    expect(live(QUALITY_EVERY_MS, 'cpu')).toBe(1);
  });

  it('is relieved once more if that was not enough, and no further', () => {
    const { live } = machine();
    expect(live(PRESSURE_MS + QUALITY_EVERY_MS, 'cpu')).toBe(1);
    expect(live(PRESSURE_MS, 'cpu')).toBe(2);
    expect(live(10 * PRESSURE_MS, 'cpu')).toBe(2);
  });

  it('gets its picture back after a minute of calm, one step at a time', () => {
    const { live } = machine();
    live(2 * PRESSURE_MS + QUALITY_EVERY_MS, 'cpu');
    expect(live(CALM_MS, 'none')).toBe(2);
    expect(live(QUALITY_EVERY_MS, 'none')).toBe(1);
    expect(live(CALM_MS, 'bandwidth')).toBe(0);
  });

  it('is left alone for longer each time that this was too early', () => {
    const { live } = machine();
    live(PRESSURE_MS + QUALITY_EVERY_MS, 'cpu');
    let calmMs = CALM_MS;
    for (let relapse = 0; relapse < 5; relapse += 1) {
      expect(live(calmMs, 'none')).toBe(1);
      expect(live(QUALITY_EVERY_MS, 'none')).toBe(0);
      expect(live(PRESSURE_MS + QUALITY_EVERY_MS, 'cpu')).toBe(1);
      calmMs = Math.min(2 * calmMs, MAX_CALM_MS);
    }
    expect(calmMs).toBe(MAX_CALM_MS);
  });

  it('is forgotten with the call', () => {
    const { pressure, live } = machine();
    live(PRESSURE_MS + QUALITY_EVERY_MS, 'cpu');
    pressure.reset();
    expect(live(PRESSURE_MS, 'cpu')).toBe(0);
  });
});

describe('a path that carries no more than sound', () => {
  /** Looks on until so much time has passed; the path has this much as long as a camera is sent. */
  function path() {
    const pressure = new Pressure();
    let nowMs = 0;
    const looks = (spanMs: number, bps: number | undefined) => {
      for (const until = nowMs + spanMs; nowMs < until; ) {
        nowMs += QUALITY_EVERY_MS;
        pressure.judge(nowMs, 'bandwidth', pressure.relief === 3 ? 40_000 : bps);
      }
      return pressure.relief;
    };
    return { pressure, looks };
  }

  it('lets the camera rest at the second look in a row, or at the first if hardly anything is left', () => {
    const { pressure, looks } = path();
    expect(looks(60_000, SOUND_ONLY_BPS)).toBe(0);
    for (let dip = 0; dip < 3; dip += 1) {
      expect(looks(QUALITY_EVERY_MS, SOUND_ONLY_BPS - 1)).toBe(0);
      expect(looks(QUALITY_EVERY_MS, SOUND_ONLY_BPS)).toBe(0);
    }
    expect(looks(2 * QUALITY_EVERY_MS, SOUND_ONLY_BPS - 1)).toBe(3);
    pressure.reset();
    expect(looks(QUALITY_EVERY_MS, SOUND_ONLY_BPS / 2 - 1)).toBe(3);
  });

  it('has nothing to do with a camera that was switched off', () => {
    const { pressure, looks } = path();
    looks(QUALITY_EVERY_MS, 40_000);
    expect(pressure.judge(QUALITY_EVERY_MS + 1, 'none')).toBe(0);
  });

  it('has it back after a while when the path is wide again', () => {
    const { looks } = path();
    looks(QUALITY_EVERY_MS, 40_000);
    expect(looks(REST_MS - QUALITY_EVERY_MS, 900_000)).toBe(3);
    expect(looks(QUALITY_EVERY_MS, 900_000)).toBe(0);
    expect(looks(300_000, 900_000)).toBe(0);
    // Narrow again much later is another story: the same patience as at first.
    looks(QUALITY_EVERY_MS, 40_000);
    expect(looks(REST_MS, 900_000)).toBe(0);
  });

  it('tries at longer and longer intervals while it is not', () => {
    const { looks } = path();
    looks(QUALITY_EVERY_MS, 40_000);
    let restMs = REST_MS;
    for (let trial = 0; trial < 5; trial += 1) {
      expect(looks(restMs - QUALITY_EVERY_MS, 40_000)).toBe(3);
      expect(looks(QUALITY_EVERY_MS, 40_000)).toBe(0);
      expect(looks(QUALITY_EVERY_MS, 40_000)).toBe(3);
      restMs = Math.min(2 * restMs, MAX_REST_MS);
    }
    expect(restMs).toBe(MAX_REST_MS);
  });

  it('is not guessed where the browser says nothing, and is forgotten with the call', () => {
    const { pressure, looks } = path();
    expect(looks(60_000, undefined)).toBe(0);
    looks(QUALITY_EVERY_MS, 40_000);
    pressure.reset();
    expect(pressure.relief).toBe(0);
  });
});

describe('the camera of a call', () => {
  type All = Awaited<ReturnType<typeof inCall>>;
  const pass = async ({ world }: All, spanMs: number) => {
    // Signs of life of the path, so that nothing else happens.
    for (let passedMs = 0; passedMs < spanMs; passedMs += 100) {
      world.rtc.packet();
      await world.advance(100);
    }
  };
  const layers = ({ world }: All) => world.rtc.at('2').sender.parameters.encodings;

  it('loses its largest layer only, and gets it back', async () => {
    const all = await inCall();
    all.world.rtc.limitedBy = 'cpu';
    // The first look has nothing to compare with.
    await pass(all, 2 * QUALITY_EVERY_MS + PRESSURE_MS);
    expect(layers(all)).toMatchObject([
      { rid: 'q', active: true, scaleResolutionDownBy: 4, maxBitrate: 120_000 },
      { rid: 'h', active: true, scaleResolutionDownBy: 2, maxBitrate: 400_000 },
      { rid: 'f', active: true, scaleResolutionDownBy: 1.5, maxBitrate: 750_000 },
    ]);
    await pass(all, PRESSURE_MS);
    expect(layers(all).map((layer) => layer.active)).toEqual([true, true, false]);
    all.world.rtc.limitedBy = 'none';
    await pass(all, 2 * (CALM_MS + QUALITY_EVERY_MS));
    expect(layers(all)[2]).toMatchObject({ active: true, scaleResolutionDownBy: 1, maxBitrate: 1_500_000 });
  });

  it('rests where only sound fits, says so to both sides, and comes back', async () => {
    const all = await inCall();
    const { world, visit } = all;
    const rests = () => world.wire.all('quality').map(({ report }) => report.camera?.rests ?? false);
    world.rtc.availableBps = 40_000;
    await pass(all, 2 * QUALITY_EVERY_MS);
    expect(layers(all).map((layer) => layer.active)).toEqual([false, false, false]);
    expect(rests().at(-1)).toBe(true);
    expect(visit.quality.value.level).toBe('audio_only');
    world.rtc.availableBps = 900_000;
    await pass(all, REST_MS + QUALITY_EVERY_MS);
    expect(layers(all).map((layer) => layer.active)).toEqual([true, true, true]);
    expect(rests().at(-1)).toBe(false);
    expect(visit.quality.value.level).not.toBe('audio_only');
  });

  it('is sent in full again in the next call', async () => {
    const all = await inCall();
    all.world.rtc.limitedBy = 'cpu';
    await pass(all, 2 * QUALITY_EVERY_MS + PRESSURE_MS);
    all.world.wire.say({ type: 'you', state: 'waiting', because: 'put_back' });
    all.world.wire.say({ type: 'you', state: 'admitted', because: 'admitted' });
    all.world.wire.say(offer(2, 1, [...SEND, ...RECEIVE]));
    await all.world.advance(0);
    expect(layers(all)[2]).toMatchObject({ scaleResolutionDownBy: 1, maxBitrate: 1_500_000 });
  });
});
