/**
 * Call quality. Turns two snapshots of the browser's counters into figures, and figures into one
 * word with reasons. All of that is pure; the loop at the end only samples.
 */

import type { Cancel, Env } from './env';
import type { LimitedBy, QualityReport } from './protocol';
import { Cell } from './signal';
import type { CallQuality, QualityReason } from './types';

/** How often figures are made and reported, in milliseconds. */
export const QUALITY_EVERY_MS = 5_000;

/** Counters of one moment. All of them only grow, except the last four. */
export interface Snapshot {
  readonly received: number;
  readonly lost: number;
  readonly sent: number;
  /** Lost of ours, by the server's reports. */
  readonly remoteLost: number;
  readonly frames: number;
  readonly atMs: number;
  readonly rttMs: number;
  readonly jitterMs: number;
  readonly limitedBy: LimitedBy;
}

/** The fields of the browser's statistics that are used (W3C webrtc-stats). */
interface Stat {
  readonly type: string;
  readonly kind?: string;
  readonly packetsReceived?: number;
  readonly packetsLost?: number;
  readonly packetsSent?: number;
  readonly jitter?: number;
  readonly framesDecoded?: number;
  readonly frameHeight?: number;
  readonly qualityLimitationReason?: string;
  readonly currentRoundTripTime?: number;
  readonly nominated?: boolean;
  readonly state?: string;
}

/** Adds up one report of the browser. */
export function snapshot(stats: Iterable<unknown>, atMs: number): Snapshot {
  let received = 0;
  let lost = 0;
  let sent = 0;
  let remoteLost = 0;
  let frames = 0;
  let tallest = -1;
  let rttMs = 0;
  let jitterMs = 0;
  let limitedBy: LimitedBy = 'none';
  for (const stat of stats as Iterable<Stat>) {
    switch (stat.type) {
      case 'inbound-rtp':
        received += stat.packetsReceived ?? 0;
        // May go down by duplicates; never below nothing.
        lost += Math.max(0, stat.packetsLost ?? 0);
        if (stat.kind === 'audio') jitterMs = Math.max(jitterMs, (stat.jitter ?? 0) * 1000);
        if (stat.kind === 'video' && (stat.frameHeight ?? 0) > tallest) {
          tallest = stat.frameHeight ?? 0;
          frames = stat.framesDecoded ?? 0;
        }
        break;
      case 'outbound-rtp':
        sent += stat.packetsSent ?? 0;
        if (stat.kind === 'video' && limitedBy === 'none') limitedBy = limitation(stat.qualityLimitationReason);
        break;
      case 'remote-inbound-rtp':
        remoteLost += Math.max(0, stat.packetsLost ?? 0);
        break;
      case 'candidate-pair':
        if (stat.nominated && stat.state === 'succeeded') rttMs = (stat.currentRoundTripTime ?? 0) * 1000;
        break;
    }
  }
  return { received, lost, sent, remoteLost, frames, atMs, rttMs, jitterMs, limitedBy };
}

function limitation(reason: string | undefined): LimitedBy {
  return reason === 'bandwidth' || reason === 'cpu' || reason === 'other' ? reason : 'none';
}

/** What happened between two snapshots. */
export function digest(before: Snapshot, after: Snapshot): QualityReport {
  // A new connection or a stream that went starts the counters again: never below zero.
  const grown = (pick: (s: Snapshot) => number) => Math.max(0, pick(after) - pick(before));
  const lost = grown((s) => s.lost);
  const remoteLost = grown((s) => s.remoteLost);
  const seconds = Math.max(0.001, (after.atMs - before.atMs) / 1000);
  return {
    rtt_ms: Math.round(after.rttMs),
    downlink_loss_pct: share(lost, lost + grown((s) => s.received)),
    uplink_loss_pct: share(remoteLost, grown((s) => s.sent)),
    jitter_ms: Math.round(after.jitterMs),
    limited_by: after.limitedBy,
    frames_per_s: Math.round(grown((s) => s.frames) / seconds),
  };
}

/** Percent with one decimal, 0–100. */
function share(part: number, whole: number): number {
  if (whole <= 0) return 0;
  return Math.min(100, Math.round((part / whole) * 1000) / 10);
}

/** From where on a figure hurts a little, and a lot. Loss in percent, times in milliseconds. */
const LIMITS = {
  loss: { fair: 3, poor: 8 },
  rttMs: { fair: 300, poor: 600 },
  jitterMs: { fair: 30, poor: 60 },
} as const;

/** One word and its reasons, worst first. `videoPaused`: the server paused every picture. */
export function judge(report: QualityReport, videoPaused: boolean): CallQuality {
  const found: { reason: QualityReason; severity: number }[] = [];
  const weigh = (reason: QualityReason, value: number, limit: { fair: number; poor: number }) => {
    if (value >= limit.fair) found.push({ reason, severity: value / limit.poor });
  };
  weigh('uplink_loss', report.uplink_loss_pct, LIMITS.loss);
  weigh('downlink_loss', report.downlink_loss_pct, LIMITS.loss);
  weigh('delay', report.rtt_ms, LIMITS.rttMs);
  weigh('jitter', report.jitter_ms, LIMITS.jitterMs);
  // Worth telling, but sound is as good as before.
  if (report.limited_by === 'bandwidth') found.push({ reason: 'uplink_bandwidth', severity: 0.1 });
  if (report.limited_by === 'cpu') found.push({ reason: 'slow_device', severity: 0.1 });
  if (videoPaused) found.push({ reason: 'video_paused', severity: 2 });
  found.sort((a, b) => b.severity - a.severity);
  const worst = found[0]?.severity ?? 0;
  const word = worst >= 1 ? 'poor' : worst > 0 ? 'fair' : 'good';
  return { level: videoPaused ? 'audio_only' : word, reasons: found.map((f) => f.reason), report };
}

export interface QualityOwner {
  stats(): Promise<RTCStatsReport | null>;
  videoPaused(): boolean;
  /** Fresh figures. */
  report(report: QualityReport): void;
}

/** Samples while it runs. */
export class QualityLoop {
  readonly quality = new Cell<CallQuality>({ level: 'good', reasons: [], report: null });
  readonly #env: Env;
  readonly #owner: QualityOwner;
  #before: Snapshot | null = null;
  #timer: Cancel | null = null;

  constructor(env: Env, owner: QualityOwner) {
    this.#env = env;
    this.#owner = owner;
  }

  start(): void {
    this.#timer ??= this.#env.after(QUALITY_EVERY_MS, () => {
      this.#timer = null;
      void this.#sample();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.();
    this.#timer = null;
    this.#before = null;
    this.quality.set({ level: 'good', reasons: [], report: null });
  }

  /** Something changed that is not a figure: judge the last figures anew. */
  rejudge(): void {
    const { report } = this.quality.value;
    if (report !== null) this.quality.set(judge(report, this.#owner.videoPaused()));
  }

  async #sample(): Promise<void> {
    const stats = await this.#owner.stats().catch(() => null);
    if (stats === null || this.#timer === null) {
      this.#before = null;
      return;
    }
    const after = snapshot(stats.values(), this.#env.nowMs());
    const before = this.#before;
    this.#before = after;
    if (before === null) return;
    const report = digest(before, after);
    this.quality.set(judge(report, this.#owner.videoPaused()));
    this.#owner.report(report);
  }
}
