/** A guest's calls before the visit opens: small enough for the very first page. */

import { call } from './http';
import type { LinkLook, LinkOpened, LinkRequest, MySeats } from './protocol';

export { BedsideError, isBedsideError } from './errors';
export { timestampToDate, timestampToMs } from './time';
export type { BedsideErrorShape, AnyErrorCode, LocalErrorCode } from './types';
export type { LinkLook, LinkOpened, MySeats } from './protocol';

/** What a link opens. Consumes nothing, so a mail scanner that runs scripts does no harm. */
export function lookLink(secret: string): Promise<LinkLook> {
  return call('POST', 'link/look', { secret } satisfies LinkRequest);
}

/**
 * Opens a link: this device now holds the seat. `birthDate` (`YYYY-MM-DD`) answers the second
 * check. Rejects with `second_check_needed`, `second_check_failed` (see `triesLeft`),
 * `no_such_visit` or `locked_out` among others.
 */
export function openLink(secret: string, birthDate?: string): Promise<LinkOpened> {
  const body: LinkRequest = birthDate === undefined ? { secret } : { secret, birth_date: birthDate };
  return call('POST', 'link/open', body);
}

/** The seats that this device holds, newest first: the way back in without the link. */
export function mySeats(): Promise<MySeats> {
  return call('POST', 'seat/mine');
}

/** Rates a visit, 1 (bad) to 5 (good). */
export function rateVisit(visit: string, seat: string, stars: number): Promise<void> {
  return call('POST', 'seat/rate', { visit, seat, stars });
}
