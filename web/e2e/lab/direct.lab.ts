/**
 * Two people who may talk past the server, in networks that let them and in networks that do not: by
 * which way they end up, and that no picture stands still meanwhile.
 */
import { type Page, expect, test } from '@playwright/test';
import { addressesSeen, longestStale, path, watchStale } from '../two';
import { type Access, LabVisit, figure, way } from './visit';

interface Row {
  name: string;
  both: Access;
  /** The patient's, where it is another one. */
  patient?: Access;
  policy: 'auto' | 'always_relay';
  /** What the direct way goes over; `null` where there is none. */
  over: string | null;
  httpsPort?: number;
  short?: true;
}

const HOME = ['wlan0=home-nat,home'];
const WEB_ONLY = ['net0=home-nat,home,tcp443'];
const ROWS: readonly Row[] = [
  { name: 'open', both: ['net0=open'], policy: 'auto', over: 'udp' },
  { name: 'home NAT', both: HOME, policy: 'auto', over: 'udp', short: true },
  {
    name: 'symmetric NAT at both ends',
    both: ['net0=symmetric,home'],
    patient: ['cell0=carrier-nat,cellular'],
    policy: 'auto',
    over: null,
  },
  { name: 'UDP blocked', both: HOME, patient: ['net0=home-nat,home,udp-blocked'], policy: 'auto', over: null },
  { name: 'only port 443', both: HOME, patient: WEB_ONLY, policy: 'auto', over: null, httpsPort: 443 },
  { name: 'home NAT', both: HOME, policy: 'always_relay', over: 'relay/udp' },
  {
    name: 'only port 443, at both ends',
    both: WEB_ONLY,
    policy: 'always_relay',
    over: 'relay/tls',
    httpsPort: 443,
    short: true,
  },
];
/** A picture that stands longer is a cut that people see, in milliseconds. */
const CUT_MS = 1_000;
/** A try that comes to nothing is given up after 15 s, and the first begins two seconds after both are in. */
const PATIENCE = { timeout: 60_000 };

for (const { name, both, patient = both, policy, over, httpsPort, short } of ROWS) {
  const title = `${policy}, ${name}: ${over === null ? 'the server’s way stays' : `directly, over ${over}`}`;
  test(title, { tag: short ? ['@short'] : [] }, async () => {
    const networks = { clinician: both, patient, httpsPort, server: ['--direct-calls', policy] };
    await LabVisit.in(networks, async (visit) => {
      const heard = [visit.clinician, visit.patient].map(words);
      await visit.join();
      await visit.expectShown();
      const ends = [visit.clinician, visit.patient];
      for (const page of ends) await watchStale(page);
      for (const page of ends) await page.getByRole('button', { name: 'Settings' }).click();
      if (over === null) {
        for (const said of heard) await expect.poll(() => said.has('direct_close'), PATIENCE).toBe(true);
        for (const said of heard) expect(said.has('direct_on')).toBe(false);
        for (const page of ends) expect(await path(page)).toBe('server');
        await visit.expectBothWays();
      } else {
        for (const page of ends) {
          await expect.poll(() => path(page), PATIENCE).toBe(policy === 'auto' ? 'direct' : 'relayed');
          expect(await way(page, 'direct')).toBe(over);
          const shown = await frames(page);
          await expect.poll(() => frames(page), PATIENCE).toBeGreaterThanOrEqual(shown + 50);
          if (policy === 'always_relay') expect(await addressesSeen(page)).toEqual(['192.0.0.8']);
        }
      }
      const stale = await Promise.all(ends.map(longestStale));
      const [clinic, home] = stale.map(Math.round);
      figure(`${policy}, ${name}: ${over ?? 'through the server'}; longest standing picture ${clinic} and ${home} ms`);
      for (const ms of stale) expect(ms).toBeLessThanOrEqual(CUT_MS);
    });
  });
}

/** The kinds of the server's words to a page, from now on. */
function words(page: Page): ReadonlySet<string> {
  const said = new Set<string>();
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => said.add((JSON.parse(String(payload)) as { type: string }).type));
  });
  return said;
}

/** Frames decoded on the page's direct connection. */
function frames(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
    const direct = (p: RTCPeerConnection) => p.getTransceivers().some((t) => t.direction === 'sendrecv');
    let most = 0;
    (await peers.findLast((p) => p.connectionState === 'connected' && direct(p))?.getStats())?.forEach((s: Record<string, unknown>) => {
      if (s.type === 'inbound-rtp' && s.kind === 'video') most = Math.max(most, Number(s.framesDecoded ?? 0));
    });
    return most;
  });
}
