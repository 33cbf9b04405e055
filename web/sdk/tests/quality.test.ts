import { describe, expect, it } from 'vitest';
import { digest, judge, QUALITY_EVERY_MS, QualityLoop, snapshot } from '../src/quality';
import type { QualityReport } from '../src/protocol';
import { World } from './support/world';

const GOOD: QualityReport = {
  rtt_ms: 40,
  downlink_loss_pct: 0,
  uplink_loss_pct: 0,
  jitter_ms: 5,
  limited_by: 'none',
  frames_per_s: 30,
};

function stats(n: number, more: { lost?: number; remoteLost?: number } = {}): unknown[] {
  return [
    { type: 'inbound-rtp', kind: 'audio', packetsReceived: 50 * n, packetsLost: 0, jitter: 0.012 },
    { type: 'inbound-rtp', kind: 'video', packetsReceived: 100 * n, packetsLost: more.lost ?? 0, framesDecoded: 30 * n, frameHeight: 720 },
    { type: 'inbound-rtp', kind: 'video', packetsReceived: 50 * n, framesDecoded: 7 * n, frameHeight: 180 },
    { type: 'outbound-rtp', kind: 'audio', packetsSent: 50 * n },
    { type: 'outbound-rtp', kind: 'video', packetsSent: 150 * n, qualityLimitationReason: 'bandwidth' },
    { type: 'remote-inbound-rtp', packetsLost: more.remoteLost ?? 0 },
    { type: 'candidate-pair', nominated: false, state: 'succeeded', currentRoundTripTime: 9 },
    { type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.0834 },
    { type: 'codec' },
  ];
}

describe('figures', () => {
  it('are the difference of two moments', () => {
    const report = digest(snapshot(stats(5), 0), snapshot(stats(10, { lost: 100, remoteLost: 80 }), 5_000));
    expect(report).toEqual({
      rtt_ms: 83,
      downlink_loss_pct: 9.1,
      uplink_loss_pct: 8,
      jitter_ms: 12,
      limited_by: 'bandwidth',
      frames_per_s: 30,
    });
  });

  it('stay in their range when counters start anew or nothing flows', () => {
    const report = digest(snapshot(stats(10, { lost: 50, remoteLost: 900 }), 0), snapshot(stats(1), 1_000));
    expect(report).toMatchObject({ downlink_loss_pct: 0, uplink_loss_pct: 0, frames_per_s: 0 });
    const wild = digest(snapshot(stats(1), 0), snapshot(stats(1, { lost: 10, remoteLost: 900 }), 0));
    expect(wild.downlink_loss_pct).toBe(100);
    expect(wild.uplink_loss_pct).toBe(0);
    expect(digest(snapshot([], 0), snapshot([], 0)).frames_per_s).toBe(0);
  });
});

describe('the verdict', () => {
  it.each([
    [{}, false, 'good', []],
    [{ uplink_loss_pct: 4 }, false, 'fair', ['uplink_loss']],
    [{ uplink_loss_pct: 8 }, false, 'poor', ['uplink_loss']],
    [{ downlink_loss_pct: 3, rtt_ms: 700 }, false, 'poor', ['delay', 'downlink_loss']],
    [{ jitter_ms: 30 }, false, 'fair', ['jitter']],
    [{ limited_by: 'cpu' }, false, 'fair', ['slow_device']],
    [{ downlink_loss_pct: 20 }, true, 'audio_only', ['downlink_loss', 'video_paused']],
    [{}, true, 'audio_only', ['video_paused']],
  ] as const)('%o, paused %s, is %s', (figures, paused, level, reasons) => {
    expect(judge({ ...GOOD, ...figures }, paused)).toMatchObject({ level, reasons });
  });
});

describe('the loop', () => {
  it('reports every five seconds, from the second look on, and stops clean', async () => {
    const world = new World();
    const reports: QualityReport[] = [];
    let n = 0;
    const loop = new QualityLoop(world, {
      stats: () => {
        n += 1;
        return Promise.resolve(new Map(stats(n).map((stat, i) => [String(i), stat])) as unknown as RTCStatsReport);
      },
      videoPaused: () => false,
      report: (report) => reports.push(report),
    });
    loop.start();
    loop.start();
    await world.advance(QUALITY_EVERY_MS);
    expect(reports).toHaveLength(0);
    await world.advance(2 * QUALITY_EVERY_MS);
    expect(reports).toHaveLength(2);
    expect(loop.quality.value.level).toBe('fair');
    loop.stop();
    expect(world.timers).toBe(0);
    expect(loop.quality.value.report).toBeNull();
  });
});
