/** The clinic's side: sign-in, visits, and the live board. */

export type * from './types';
export type * from './protocol';
export * from './clinic-api';
export { BedsideError, isBedsideError } from './errors';
export { timestampToDate, timestampToMs } from './time';
export { createBoard } from './board';

import type * as Passkeys from './passkeys';

/** Whether this browser knows passkeys. */
export const knowsPasskeys = (): boolean => typeof PublicKeyCredential === 'function';
/** Has a key made for the person. Rejects with `passkey_dismissed` or `passkey_known`. Loaded at the first use. */
export const createPasskey: typeof Passkeys.createPasskey = async (...words) => (await import('./passkeys')).createPasskey(...words);
/** Has a key of the person used. Rejects with `passkey_dismissed`. Loaded at the first use. */
export const usePasskey: typeof Passkeys.usePasskey = async (...words) => (await import('./passkeys')).usePasskey(...words);
