/** A network that lets nothing through but the relay: over UDP, over TCP, and inside TLS on the port of the pages. */
import { expect, test, type Page } from '@playwright/test';
import { createHash, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { Demo, browser, clinicianSignsIn, guestWaits, media, person } from './bedside';

/** How the patient's browser reaches the relay, and which of its addresses that leaves. */
const WAYS = [
  { over: 'udp', urls: '^turn:.*transport=udp$' },
  { over: 'tcp', urls: '^turn:.*transport=tcp$' },
  { over: 'tls', urls: '^turns:' },
] as const;

/** From here on the page's connections use only the relay, and only by these addresses. */
async function relayOnly(page: Page, urls: string): Promise<void> {
  await page.addInitScript((wanted) => {
    const only = (config: RTCConfiguration = {}): RTCConfiguration => ({
      ...config,
      iceTransportPolicy: 'relay',
      iceServers: (config.iceServers ?? []).map(({ urls: all, ...login }) =>
        Object.assign(login, { urls: [all].flat().filter((url) => new RegExp(wanted).test(url)) }),
      ),
    });
    const Native = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Native {
      constructor(config?: RTCConfiguration) {
        super(only(config));
      }
      override setConfiguration(config?: RTCConfiguration): void {
        super.setConfiguration(only(config));
      }
    };
  }, urls);
}

/** This end of the chosen path of the page's live connection. */
async function chosen(page: Page): Promise<{ type: unknown; relayProtocol: unknown; address: unknown } | null> {
  return page.evaluate(async () => {
    const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
    const report = await peers.findLast((p) => p.connectionState === 'connected')?.getStats();
    const entries = new Map<unknown, Record<string, unknown>>();
    report?.forEach((s: Record<string, unknown>) => entries.set(s.id, s));
    const transport = [...entries.values()].find((s) => s.type === 'transport');
    const pair = entries.get(transport?.selectedCandidatePairId);
    const local = entries.get(pair?.localCandidateId);
    if (!local) return null;
    return { type: local.candidateType, relayProtocol: local.relayProtocol, address: local.address };
  });
}

/** Makes Chromium trust the demo's certificate, as one does who has installed its authority. */
async function trusting(demo: Demo): Promise<string> {
  const raw = await new Promise<Buffer>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: demo.httpsPort, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().raw);
      socket.destroy();
    });
    socket.on('error', reject);
  });
  const key = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' });
  return `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`;
}

for (const { over, urls } of WAYS) {
  test(`a patient who reaches only the relay, over ${over}, sees and is seen`, async () => {
    const demo = new Demo();
    await demo.start();
    const open = await browser();
    const behind = await browser(undefined, undefined, await trusting(demo));
    try {
      const clinician = await person(open);
      await clinicianSignsIn(clinician, demo);
      const patient = await person(behind);
      await relayOnly(patient, urls);
      await guestWaits(patient, demo.addresses.patient);
      await clinician.getByRole('button', { name: 'Admit Alex Morgan' }).first().click();
      for (const page of [clinician, patient]) {
        await expect.poll(async () => (await media(page)).pictures[0] ?? 0).toBeGreaterThanOrEqual(50);
      }
      expect(await chosen(patient)).toMatchObject({ type: 'relay', relayProtocol: over });
      // Who can do without the relay does.
      expect((await chosen(clinician))?.type).not.toBe('relay');
    } finally {
      await open.close();
      await behind.close();
      await demo.dispose();
    }
  });
}

test('a path through the relay that died is found again, with fresh rights', async () => {
  const demo = new Demo();
  await demo.start();
  const open = await browser();
  const behind = await browser();
  try {
    const clinician = await person(open);
    await clinicianSignsIn(clinician, demo);
    const patient = await person(behind);
    await relayOnly(patient, WAYS[0].urls);
    await guestWaits(patient, demo.addresses.patient);
    await clinician.getByRole('button', { name: 'Admit Alex Morgan' }).first().click();
    const pictures = async () => (await media(patient)).pictures[0] ?? 0;
    await expect.poll(pictures).toBeGreaterThanOrEqual(50);
    const before = await rights(patient);

    demo.freeze(true);
    await expect(patient.getByText('Reconnecting').first()).toBeVisible();
    demo.freeze(false);

    // The same connection after an ICE restart, or the next one; either way by rights given since.
    await expect.poll(async () => rights(patient)).not.toEqual(before);
    const then = await pictures();
    await expect.poll(pictures, { timeout: 40_000 }).toBeGreaterThanOrEqual(then + 50);
    expect(await chosen(patient)).toMatchObject({ type: 'relay', relayProtocol: 'udp' });
  } finally {
    demo.freeze(false);
    await open.close();
    await behind.close();
    await demo.dispose();
  }
});

/** The user name that the page's newest connection has towards the relay. */
async function rights(page: Page): Promise<string | undefined> {
  return page.evaluate(() => {
    const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
    return peers.at(-1)?.getConfiguration().iceServers?.[0]?.username;
  });
}
