import { describe, expect, it } from 'vitest';
import { CALM_MS, MAX_CALM_MS, PRESSURE_MS, Pressure } from '../src/pressure';
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
