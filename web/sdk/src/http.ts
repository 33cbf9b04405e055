/**
 * HTTP calls. Owns how a request is made and how a failure becomes a `BedsideError`; knows no
 * particular call. Cookies travel by themselves: every call goes to the page's own origin.
 */

import { BedsideError } from './errors';
import { ERROR_CODES, type ErrorBody, type ErrorCode } from './protocol';

/** The part of `fetch` that is used, so that tests can stand in for the network. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A request that takes longer is given up as `offline`, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 15_000;

function isErrorCode(code: unknown): code is ErrorCode {
  return (ERROR_CODES as readonly unknown[]).includes(code);
}

/** Reads an error body; anything that is not one (a proxy's page) becomes a code by its status. */
async function errorOf(response: Response): Promise<BedsideError> {
  try {
    const body = (await response.json()) as Partial<ErrorBody> | null;
    if (body && isErrorCode(body.code)) return BedsideError.from(body as ErrorBody);
  } catch {
    // Not JSON: the answer did not come from our server.
  }
  return new BedsideError(response.status >= 502 && response.status <= 504 ? 'offline' : 'internal');
}

/**
 * Makes one call below `/api/`. Rejects with a {@link BedsideError} only; after `timeoutMs` as
 * `offline`. An empty answer is `undefined`.
 */
export async function call<T>(
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  fetcher: Fetch = (url, init) => fetch(url, init),
  timeoutMs: number = REQUEST_TIMEOUT_MS,
): Promise<T> {
  const init: RequestInit = {
    method,
    credentials: 'same-origin',
    cache: 'no-store',
    headers: { accept: 'application/json' },
  };
  if (method === 'POST') {
    init.headers = { accept: 'application/json', 'content-type': 'application/json' };
    init.body = JSON.stringify(body ?? {});
  }
  // Not `AbortSignal.timeout`: telephones of five years ago do not have it.
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  try {
    const response = await fetcher(`/api/${path}`, { ...init, signal: abort.signal });
    if (!response.ok) throw await errorOf(response);
    const text = await response.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  } catch (caught) {
    if (caught instanceof BedsideError) throw caught;
    // No network, out of time, broken within the answer, or somebody between us and the server.
    throw new BedsideError('offline');
  } finally {
    clearTimeout(timer);
  }
}
