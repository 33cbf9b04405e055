import { afterEach, describe, expect, it, vi } from 'vitest';
import { erasePatient, exportPatient, liftHold, reviewEmergency } from '../src/office-api';
import { json, refusal } from './support/world';

function answering(answer: () => Response) {
  const fetcher = vi.fn(async (_url: string, _init: RequestInit) => answer());
  vi.stubGlobal('fetch', fetcher);
  return fetcher;
}

afterEach(() => vi.unstubAllGlobals());

describe('a file from the server', () => {
  it('comes with its name and its bytes, whatever they are', async () => {
    const headers = { 'content-disposition': 'attachment; filename="bedside-export.json"' };
    const fetcher = answering(() => new Response('{not json', { headers }));
    const file = await exportPatient('01/../PAT');
    expect(file.name).toBe('bedside-export.json');
    expect(await file.content.text()).toBe('{not json');
    expect(fetcher.mock.calls[0]?.[0]).toBe('/api/patients/01%2F..%2FPAT/export');
  });

  it.each([null, 'attachment', 'attachment; filename="../../etc/passwd"'])('has a harmless name when it is called %s', async (disposition) => {
    answering(() => new Response('x', disposition === null ? {} : { headers: { 'content-disposition': disposition } }));
    expect((await exportPatient('p')).name).not.toMatch(/\//);
  });

  it('does not come from a refusal', async () => {
    answering(() => refusal(409, 'on_hold'));
    await expect(erasePatient('p', { name: 'Rosa', reason: 'her request' })).rejects.toMatchObject({ code: 'on_hold' });
  });

  it('does not come from a network that breaks within it', async () => {
    const broken = new ReadableStream({ start: (controller) => controller.error(new Error('gone')) });
    answering(() => new Response(broken));
    await expect(exportPatient('p')).rejects.toMatchObject({ code: 'offline' });
  });
});

describe('the calls of the office', () => {
  it('send what they are asked to send', async () => {
    const fetcher = answering(() => json(200, {}));
    await reviewEmergency('g', { justified: true, note: '' });
    await liftHold('p');
    expect(fetcher.mock.calls.map(([url, { body }]) => [url, body])).toEqual([
      ['/api/emergencies/g/review', '{"justified":true,"note":""}'],
      ['/api/patients/p/unhold', '{}'],
    ]);
  });
});
