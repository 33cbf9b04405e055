/**
 * Passkeys: between the server's words and the browser's. Owns the bytes; decides nothing. Rejects with
 * a `BedsideError` only.
 */

import { BedsideError } from './errors';
import type { PasskeyCreation, PasskeyNew, PasskeyRequest, PasskeyUse } from './protocol';

/** How long the browser waits for the person, in ms; the challenge is good for as long. */
const PATIENCE_MS = 300_000;

/** Has a key made for the person. Rejects with `passkey_dismissed` or `passkey_known`. */
export async function createPasskey(asked: PasskeyCreation, name: string): Promise<PasskeyNew> {
  const made = await credential(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: bytes(asked.challenge),
        rp: { id: asked.rp_id, name: asked.rp_name },
        user: { id: bytes(asked.user_handle), name: asked.email, displayName: asked.name },
        pubKeyCredParams: asked.algorithms.map((alg) => ({ type: 'public-key', alg })),
        excludeCredentials: asked.exclude.map(descriptor),
        // So that it can stand for both factors where the device can check who holds it.
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
        attestation: 'none',
        timeout: PATIENCE_MS,
      },
    }),
  );
  const response = made.response as AuthenticatorAttestationResponse;
  return { name, client_data: text(response.clientDataJSON), attestation: text(response.attestationObject) };
}

/** Has a key of the person used. Rejects with `passkey_dismissed`. */
export async function usePasskey(asked: PasskeyRequest): Promise<PasskeyUse> {
  const used = await credential(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: bytes(asked.challenge),
        rpId: asked.rp_id,
        allowCredentials: asked.allow.map(descriptor),
        userVerification: asked.must_verify ? 'required' : 'preferred',
        timeout: PATIENCE_MS,
      },
    }),
  );
  const response = used.response as AuthenticatorAssertionResponse;
  const use: PasskeyUse = {
    credential: text(used.rawId),
    client_data: text(response.clientDataJSON),
    authenticator_data: text(response.authenticatorData),
    signature: text(response.signature),
  };
  return response.userHandle ? { ...use, user_handle: text(response.userHandle) } : use;
}

async function credential(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const got = await ask();
    if (got) return got as PublicKeyCredential;
  } catch (caught) {
    // The browser says no more than this on purpose: dismissed, out of time, and "no such key here" look alike.
    if (caught instanceof DOMException && caught.name === 'InvalidStateError') throw new BedsideError('passkey_known');
  }
  throw new BedsideError('passkey_dismissed');
}

const descriptor = (id: string): PublicKeyCredentialDescriptor => ({ type: 'public-key', id: bytes(id) });

/** From base64url. */
function bytes(of: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(of.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
}

/** To base64url, without padding. */
function text(of: ArrayBuffer): string {
  const letters = Array.from(new Uint8Array(of), (byte) => String.fromCharCode(byte)).join('');
  return btoa(letters).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}
