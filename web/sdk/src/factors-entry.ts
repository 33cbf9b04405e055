/** One's own second step, for the page of the own account. Each call rejects with a `BedsideError` only. */

import { call } from './http';
import type { PasskeyRequest, PasskeyUse, Passkeys, SignInCode } from './protocol';

export type { Passkeys } from './protocol';

/** The own passkeys, and what else stands after the password. */
export function passkeys(): Promise<Passkeys> {
  return call('GET', 'passkeys');
}

/** Removes an own passkey. Rejects with `last_factor` when nothing else would be left. */
export function removePasskey(passkey: string): Promise<void> {
  return call('POST', 'passkeys/remove', { passkey });
}

/** Shows the second step again: six digits, or a recovery code. Rejects with `bad_credentials` or `locked_out`. */
export function showCode(code: string): Promise<void> {
  return call('POST', 'factor/code', { code } satisfies SignInCode);
}

/** Begins to show a passkey again. */
export function showPasskeyRequest(): Promise<PasskeyRequest> {
  return call('POST', 'factor/passkey/start');
}

/** Shows a passkey again. Rejects with `passkey_refused` or `locked_out`. */
export function showPasskey(use: PasskeyUse): Promise<void> {
  return call('POST', 'factor/passkey', use);
}
