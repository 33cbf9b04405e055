import { describe, expect, it } from 'vitest';
import { PRESSURE_MS } from '../src/pressure';
import { type Figures, judge } from '../src/judge';
import { QUALITY_EVERY_MS, QualityLoop } from '../src/quality';
import type { QualityReport } from '../src/protocol';
import type { Surroundings } from '../src/stats';
import { World } from './support/world';

// What a page fetches late takes real time; here it is there before time stands still.
await import('../src/stats');

const GOOD: Figures = { rttMs: 40, downlinkLossPct: 0, uplinkLossPct: 0, jitterMs: 5, limitedBy: 'none' };

describe('the verdict', () => {
  it.each([
    [{}, false, 'good', []],
    [{ uplinkLossPct: 4 }, false, 'fair', ['uplink_loss']],
    [{ uplinkLossPct: 10 }, false, 'poor', ['uplink_loss']],
    [{ downlinkLossPct: 3, rttMs: 700 }, false, 'poor', ['delay', 'downlink_loss']],
    [{ jitterMs: 30 }, false, 'fair', ['jitter']],
    [{ limitedBy: 'cpu' }, false, 'fair', ['slow_device']],
    [{ downlinkLossPct: 15 }, true, 'audio_only', ['video_paused', 'downlink_loss']],
    [{}, true, 'audio_only', ['video_paused']],
  ] as const)('%o, paused %s, is %s', (figures, paused, level, reasons) => {
    expect(judge({ ...GOOD, ...figures }, paused)).toMatchObject({ level, reasons });
  });
});

describe('the loop', () => {
  const nobody: Surroundings = { owner: () => null, sources: { mic: 'live', camera: 'live' }, tiles: [], direct: false };

  function looping(limit = 'bandwidth'): { world: World; loop: QualityLoop; reports: QualityReport[] } {
    const world = new World();
    const reports: QualityReport[] = [];
    let n = 0;
    const loop = new QualityLoop(world, {
      stats: () => {
        n += 1;
        const video = { type: 'outbound-rtp', kind: 'video', framesEncoded: 30 * n, qualityLimitationReason: limit };
        return Promise.resolve(new Map([['v', video]]) as unknown as RTCStatsReport);
      },
      videoPaused: () => false,
      surroundings: () => nobody,
      report: (reported) => reports.push(reported),
    });
    return { world, loop, reports };
  }

  it('reports every five seconds, from the second look on, and stops clean', async () => {
    const { world, loop, reports } = looping();
    loop.start();
    loop.start();
    await world.advance(QUALITY_EVERY_MS);
    expect(reports).toHaveLength(0);
    await world.advance(2 * QUALITY_EVERY_MS);
    expect(reports.map((r) => r.interval_ms)).toEqual([QUALITY_EVERY_MS, QUALITY_EVERY_MS]);
    expect(loop.quality.value.level).toBe('fair');
    loop.stop();
    expect(world.timers).toBe(0);
    expect(loop.quality.value.figures).toBeNull();
  });

  it('relieves a machine that cannot keep up, until the call ends', async () => {
    const { world, loop } = looping('cpu');
    loop.start();
    expect(loop.relief).toBe(0);
    await world.advance(PRESSURE_MS + 2 * QUALITY_EVERY_MS);
    expect(loop.relief).toBe(1);
    loop.stop();
    expect(loop.relief).toBe(0);
  });
});
