/**
 * Call quality as the page itself sees it: figures into one word with reasons. Pure; fetched with the
 * statistics.
 */

import {
  JITTER_NOTICED_MS,
  JITTER_SEVERE_MS,
  LOSS_NOTICED_PCT,
  LOSS_SEVERE_PCT,
  RTT_NOTICED_MS,
  RTT_SEVERE_MS,
  type LimitedBy,
  type QualityReport,
} from './protocol';
import type { CallQuality, QualityReason } from './types';

/** The own view in a few numbers. */
export interface Figures {
  /** Round trip of the media path, milliseconds. */
  readonly rttMs: number;
  /** Share of received packets that were lost, 0–100. */
  readonly downlinkLossPct: number;
  /** Share of the own sound that was lost, 0–100, as the server reported it. */
  readonly uplinkLossPct: number;
  /** Largest jitter of received sound, milliseconds. */
  readonly jitterMs: number;
  /** Why the camera sends less than it could. */
  readonly limitedBy: LimitedBy;
}

/** The own view of what is reported. */
export function digest(reported: QualityReport): Figures {
  const streams = reported.from.flatMap(({ mic, camera }) => [mic, camera]).filter((s) => s !== undefined);
  const lost = streams.reduce((n, s) => n + Math.max(0, s.packets_lost ?? 0), 0);
  const received = streams.reduce((n, s) => n + (s.packets_received ?? 0), 0);
  return {
    rttMs: reported.link.rtt_ms ?? 0,
    downlinkLossPct: share(lost, lost + received),
    uplinkLossPct: share(Math.max(0, reported.mic?.remote_packets_lost ?? 0), reported.mic?.packets_sent ?? 0),
    jitterMs: Math.max(0, ...reported.from.map((f) => f.mic?.jitter_ms ?? 0)),
    limitedBy: limitedBy(reported),
  };
}

/** What holds the own camera back. */
export function limitedBy(reported: QualityReport): LimitedBy {
  return reported.camera?.limited_by ?? 'none';
}

/** Percent with one decimal, 0–100. */
function share(part: number, whole: number): number {
  if (whole <= 0) return 0;
  return Math.min(100, Math.round((part / whole) * 1000) / 10);
}

/** From where on a figure hurts a little, and a lot: the server's own thresholds. */
const LIMITS = {
  loss: { fair: LOSS_NOTICED_PCT, poor: LOSS_SEVERE_PCT },
  rttMs: { fair: RTT_NOTICED_MS, poor: RTT_SEVERE_MS },
  jitterMs: { fair: JITTER_NOTICED_MS, poor: JITTER_SEVERE_MS },
} as const;

/** One word and its reasons, worst first. `videoPaused`: the server paused every picture. */
export function judge(figures: Figures, videoPaused: boolean): CallQuality {
  const found: { reason: QualityReason; severity: number }[] = [];
  const weigh = (reason: QualityReason, value: number, limit: { fair: number; poor: number }) => {
    if (value >= limit.fair) found.push({ reason, severity: value / limit.poor });
  };
  weigh('uplink_loss', figures.uplinkLossPct, LIMITS.loss);
  weigh('downlink_loss', figures.downlinkLossPct, LIMITS.loss);
  weigh('delay', figures.rttMs, LIMITS.rttMs);
  weigh('jitter', figures.jitterMs, LIMITS.jitterMs);
  // Worth telling, but sound is as good as before.
  if (figures.limitedBy === 'bandwidth') found.push({ reason: 'uplink_bandwidth', severity: 0.1 });
  if (figures.limitedBy === 'cpu') found.push({ reason: 'slow_device', severity: 0.1 });
  if (videoPaused) found.push({ reason: 'video_paused', severity: 2 });
  found.sort((a, b) => b.severity - a.severity);
  const worst = found[0]?.severity ?? 0;
  const word = worst >= 1 ? 'poor' : worst > 0 ? 'fair' : 'good';
  return { level: videoPaused ? 'audio_only' : word, reasons: found.map((f) => f.reason), figures };
}
