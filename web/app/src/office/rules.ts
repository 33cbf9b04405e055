/**
 * How long data is kept, as the form has it: what is typed, what is wrong, what changes, what is lost.
 * Owns no words and asks no server.
 */
import type { KeptKind, KeptRule } from '@bedside/client';

/** The longest time that the server takes, in days. */
export const MAX_KEPT_DAYS = 36_500;

/** One rule as typed. */
export interface RuleDraft {
  readonly kind: KeptKind;
  readonly forEver: boolean;
  /** As typed; counts only when it is not for ever. */
  readonly days: string;
}

/** Offered when somebody takes "for ever" away: ten years, in days. */
const USUAL_DAYS = '3650';

export function draftOf(rule: KeptRule): RuleDraft {
  return { kind: rule.kind, forEver: rule.days === undefined, days: String(rule.days ?? USUAL_DAYS) };
}

/** Whether the typed days can be sent. */
export function isOdd(draft: RuleDraft): boolean {
  if (draft.forEver) return false;
  const days = Number(draft.days.trim());
  return !/^\d{1,5}$/.test(draft.days.trim()) || days < 1 || days > MAX_KEPT_DAYS;
}

/** The rule for a draft that is not odd. */
export function ruleOf(draft: RuleDraft): KeptRule {
  return draft.forEver ? { kind: draft.kind } : { kind: draft.kind, days: Number(draft.days.trim()) };
}

/** A rule that changed, with what held before. */
export interface RuleChange {
  readonly kind: KeptKind;
  /** Days; for ever if undefined. */
  readonly before: number | undefined;
  /** Days; for ever if undefined. */
  readonly now: number | undefined;
}

/** What differs between the rules in force and the drafts, none of which is odd. */
export function changesOf(rules: readonly KeptRule[], drafts: readonly RuleDraft[]): RuleChange[] {
  return drafts.flatMap((draft) => {
    const before = rules.find(({ kind }) => kind === draft.kind)?.days;
    const now = ruleOf(draft).days;
    return before === now ? [] : [{ kind: draft.kind, before, now }];
  });
}

/** Whether something is deleted that was kept before. */
export function isShorter({ before, now }: RuleChange): boolean {
  return now !== undefined && (before === undefined || now < before);
}

/** The days after which this kind goes with the whole visit, earlier than its own rule says; else null. */
export function goesWithVisit(draft: RuleDraft, drafts: readonly RuleDraft[]): number | null {
  const visit = drafts.find(({ kind }) => kind === 'visit');
  if (draft.kind === 'visit' || visit === undefined || visit.forEver || isOdd(visit) || isOdd(draft)) return null;
  const days = Number(visit.days.trim());
  const own = ruleOf(draft).days;
  return own === undefined || own > days ? days : null;
}
