/** One's own second step, for the page of the own account. Each call rejects with a `BedsideError` only. */

import { call } from './http';
import type { Passkeys } from './protocol';

export type { Passkeys } from './protocol';

/** The own passkeys, and what else stands after the password. */
export function passkeys(): Promise<Passkeys> {
  return call('GET', 'passkeys');
}

/** Removes an own passkey. Rejects with `last_factor` when nothing else would be left. */
export function removePasskey(passkey: string): Promise<void> {
  return call('POST', 'passkeys/remove', { passkey });
}
