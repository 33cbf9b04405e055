/** What a failure before or instead of the visit means for the person. Pure. */
import type { AnyErrorCode } from '@bedside/client/guest';

/** The pages that a failure can lead to. */
export type FaultKind = 'dead' | 'replaced' | 'no_link' | 'locked' | 'over' | 'full' | 'update' | 'offline' | 'other';

/** A failure to show. */
export interface Fault {
  readonly kind: FaultKind;
  /** When to try again, for `locked`, in milliseconds. */
  readonly retryAfterMs: number | null;
}

const KINDS: Partial<Record<AnyErrorCode, FaultKind>> = {
  no_such_visit: 'dead',
  bad_field: 'dead',
  bad_message: 'dead',
  not_found: 'dead',
  not_signed_in: 'dead',
  link_replaced: 'replaced',
  locked_out: 'locked',
  visit_over: 'over',
  visit_full: 'full',
  protocol_version: 'update',
  offline: 'offline',
  store_busy: 'offline',
  server_closing: 'offline',
  too_fast: 'offline',
};

/** The page for an error; anything that is not ours is `other`. */
export function faultOf(error: { readonly code: AnyErrorCode; readonly retryAfterMs: number | undefined } | null): Fault {
  const kind = error === null ? 'other' : (KINDS[error.code] ?? 'other');
  return { kind, retryAfterMs: error?.retryAfterMs ?? null };
}
