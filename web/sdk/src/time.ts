/** Time on the wire, turned into time in a page. */

import type { Timestamp } from './protocol';

/** The wire counts microseconds since the Unix epoch; `Date` counts milliseconds. */
export function timestampToDate(at: Timestamp): Date {
  return new Date(at / 1000);
}

/** The same in milliseconds since the Unix epoch. */
export function timestampToMs(at: Timestamp): number {
  return at / 1000;
}
