/**
 * A device check, read for the person in the clinic who may help.
 *
 * Owns which items count and how grave they are. The sentences, and the ready messages that tell the
 * patient what to do, belong to the catalogue.
 */
import type { CheckCode, CheckItem, CheckReport } from '@bedside/client';

/** A round trip above this is worth a word before the call. */
export const SLOW_RTT_MS = 300;

/** How a check came out at large. */
export type CheckLevel = 'none' | 'ok' | 'problem' | 'serious';

/** Something that did not work. */
export interface Problem {
  readonly item: CheckItem;
  /** Null when the page gave no reason. */
  readonly code: CheckCode | null;
}

/** The reading of one report. */
export interface CheckReading {
  readonly level: CheckLevel;
  readonly problems: readonly Problem[];
  /** Round trip in ms when it is slow enough to mention, else null. */
  readonly slowRttMs: number | null;
}

/** Reads a report; `undefined` when there was no check yet. */
export function readCheck(report: CheckReport | undefined): CheckReading {
  if (!report) return { level: 'none', problems: [], slowRttMs: null };
  const problems = report.outcomes.filter((o) => !o.ok).map(({ item, code }) => ({ item, code }));
  const slowRttMs = report.rtt_ms !== null && report.rtt_ms > SLOW_RTT_MS ? report.rtt_ms : null;
  // Without a camera a visit is still a visit; without sound it is not.
  const serious = problems.some(
    (p) => p.item === 'microphone' || p.item === 'speaker' || p.code === 'no_webrtc' || p.code === 'media_blocked',
  );
  const level = serious ? 'serious' : problems.length > 0 || slowRttMs !== null ? 'problem' : 'ok';
  return { level, problems, slowRttMs };
}
