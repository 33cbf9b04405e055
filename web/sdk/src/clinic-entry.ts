/** The clinic's side: sign-in, visits, and the live board. */

export type * from './types';
export type * from './protocol';
export * from './clinic-api';
export { BedsideError, isBedsideError } from './errors';
export { timestampToDate, timestampToMs } from './time';
export { createBoard } from './board';
export { createPasskey, knowsPasskeys, usePasskey } from './passkeys';
