/**
 * One plain sentence about somebody's connection, from the figures of a `quality` message.
 *
 * Owns the choice of the sentence; the words belong to the catalogue. What helps the clinician comes
 * first: which direction suffers, then delay, then how little gets through.
 */
import type { LinkQuality } from '@bedside/client';

/** From this share of lost packets on, people notice. */
export const LOSS_NOTICED_PCT = 3;
/** From this round trip on, people talk into each other's words. ITU-T G.114 asks for ≤400 ms one way. */
export const RTT_NOTICED_MS = 400;
/** Below this, there is sound and at best a still picture. */
export const NARROW_BPS = 150_000;

/** What to say, with the figure to say it with. */
export type Finding =
  | { readonly kind: 'good' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'uplink_loss'; readonly pct: number }
  | { readonly kind: 'downlink_loss'; readonly pct: number }
  | { readonly kind: 'both_loss'; readonly upPct: number; readonly downPct: number }
  | { readonly kind: 'delay'; readonly seconds: number }
  | { readonly kind: 'narrow' }
  | { readonly kind: 'unsteady' };

/** The one finding worth a sentence. */
export function finding(link: LinkQuality): Finding {
  if (link.level === 'lost') return { kind: 'lost' };
  const upPct = whole(link.uplink_loss_pct);
  const downPct = whole(link.downlink_loss_pct);
  const up = upPct >= LOSS_NOTICED_PCT;
  const down = downPct >= LOSS_NOTICED_PCT;
  if (up && down) return { kind: 'both_loss', upPct, downPct };
  if (up) return { kind: 'uplink_loss', pct: upPct };
  if (down) return { kind: 'downlink_loss', pct: downPct };
  if (link.rtt_ms >= RTT_NOTICED_MS) return { kind: 'delay', seconds: Math.round(link.rtt_ms / 100) / 10 };
  if (link.downlink_bps > 0 && link.downlink_bps < NARROW_BPS) return { kind: 'narrow' };
  return link.level === 'good' ? { kind: 'good' } : { kind: 'unsteady' };
}

/** Figures come from the other side's browser: keep them in range and whole. */
function whole(pct: number): number {
  return Number.isFinite(pct) ? Math.round(Math.min(100, Math.max(0, pct))) : 0;
}

const GRAVITY = { lost: 0, poor: 1, fair: 2, good: 3 } as const;

/** People in the order in which their connections deserve a look; equal ones keep their order. */
export function worstFirst<P extends { readonly state: string; readonly link: LinkQuality | null }>(people: readonly P[]): P[] {
  return [...people].sort((a, b) => gravity(a) - gravity(b));
}

/** 0 is worst; a link that nobody has measured yet comes last. */
function gravity({ state, link }: { readonly state: string; readonly link: LinkQuality | null }): number {
  if (state === 'away') return GRAVITY.lost;
  return link ? GRAVITY[link.level] : GRAVITY.good + 1;
}
