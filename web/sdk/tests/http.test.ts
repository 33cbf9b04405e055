import { describe, expect, it } from 'vitest';
import { BedsideError } from '../src/errors';
import { call, type Fetch } from '../src/http';
import { json, noNetwork, refusal } from './support/world';

async function codeFor(answer: () => Response | Promise<Response>): Promise<BedsideError> {
  const caught: unknown = await call('POST', 'x', {}, async () => answer()).catch((error: unknown) => error);
  if (!(caught instanceof BedsideError)) throw new Error('it should have been refused');
  return caught;
}

describe('call', () => {
  it('posts JSON to the own origin and reads the answer', async () => {
    let seen: { url: string; init: RequestInit } | undefined;
    const fetcher: Fetch = async (url, init) => {
      seen = { url, init };
      return json(200, { next: 'code' });
    };
    expect(await call('POST', 'signin', { email: 'a' }, fetcher)).toEqual({ next: 'code' });
    expect(seen?.url).toBe('/api/signin');
    expect(seen?.init).toMatchObject({ method: 'POST', credentials: 'same-origin', body: '{"email":"a"}' });
  });

  it('takes an empty answer for nothing', async () => {
    expect(await call('POST', 'signout', {}, async () => new Response(null, { status: 204 }))).toBeUndefined();
    expect(await call('POST', 'signout', {}, async () => new Response('', { status: 200 }))).toBeUndefined();
  });

  it('carries everything that a refusal says', async () => {
    const error = await codeFor(() =>
      refusal(403, 'second_check_failed', { tries_left: 3, retry_after_ms: 1500, field: 'birth_date' }),
    );
    expect(error).toMatchObject({ code: 'second_check_failed', triesLeft: 3, retryAfterMs: 1500, field: 'birth_date' });
  });

  it.each([
    ['a broken network', noNetwork, 'offline'],
    ["a proxy's page for a server that is away", () => new Response('<h1>Bad gateway</h1>', { status: 502 }), 'offline'],
    ["somebody else's error page", () => new Response('<h1>Oops</h1>', { status: 500 }), 'internal'],
    ['a code of the future', () => json(400, { code: 'brand_new', message: '' }), 'internal'],
    ["a captive portal's page", () => new Response('<html>', { status: 200 }), 'offline'],
  ] as const)('gives %s the code it deserves', async (_, answer, code) => {
    expect((await codeFor(answer)).code).toBe(code);
  });
});
