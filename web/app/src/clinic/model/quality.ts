/**
 * What to say about somebody's connection, from a `quality` message.
 *
 * The server puts both ends together and says what is wrong and with whom; the words belong to the
 * catalogue. This module only picks what comes first. It holds no threshold.
 */
import type { DirectionQuality, LinkQuality, QualityCode, QualityFigure } from '@bedside/client';

/** What to say, with the figure to say it with. */
export type Finding =
  | { readonly kind: 'good' | 'lost' | 'unknown' | 'fair' }
  | { readonly kind: 'trouble'; readonly code: QualityCode; readonly figure: QualityFigure | null };

/** What is known of one person's connection. */
export interface Measured {
  readonly state: string;
  readonly link: LinkQuality | null;
  readonly trouble: DirectionQuality | null;
}

/** The one finding worth a sentence. */
export function finding({ state, link, trouble }: Measured): Finding {
  if (state === 'away' || link?.level === 'lost') return { kind: 'lost' };
  if (trouble) return { kind: 'trouble', code: trouble.code, figure: trouble.figure ?? null };
  if (!link) return { kind: 'unknown' };
  return { kind: link.level === 'good' ? 'good' : 'fair' };
}

/** Whether a connection is so bad that the clinician must be told at once. */
export function hurts(person: Measured): boolean {
  return gravity(person) < GRAVITY.fair;
}

const GRAVITY = { lost: 0, poor: 1, fair: 2, good: 3 } as const;

/** People in the order in which their connections deserve a look; equal ones keep their order. */
export function worstFirst<P extends Measured>(people: readonly P[]): P[] {
  return [...people].sort((a, b) => gravity(a) - gravity(b));
}

/** 0 is worst; a link that nobody has measured yet comes last. */
function gravity({ state, link, trouble }: Measured): number {
  if (state === 'away') return GRAVITY.lost;
  const said = trouble ? (trouble.severe ? GRAVITY.poor : GRAVITY.fair) : GRAVITY.good + 1;
  return Math.min(said, link ? GRAVITY[link.level] : GRAVITY.good + 1);
}
