/** A network that lets nothing through but the relay: over UDP, over TCP, and inside TLS on the port of the pages. */
import { expect, test, type Page } from '@playwright/test';
import { createHash, X509Certificate } from 'node:crypto';
import { type RemoteInfo, type Socket, createSocket } from 'node:dgram';
import { connect } from 'node:tls';
import { type Demo, media } from './bedside';
import { Two, chosenWay } from './two';

/** How the patient's browser reaches the relay, and which of its addresses that leaves. */
const WAYS = [
  { over: 'udp', urls: '^turn:.*transport=udp$' },
  { over: 'tcp', urls: '^turn:.*transport=tcp$' },
  { over: 'tls', urls: '^turns:' },
] as const;

/**
 * From here on the page's connections use only the relay, and only by these addresses; with `port` by
 * way of that one on this machine.
 */
async function relayOnly(page: Page, urls: string, port: number | null = null): Promise<void> {
  await page.addInitScript(({ wanted, port }) => {
    const turned = (url: string) => (port === null ? url : url.replace(/^turn:.*:\d+/, `turn:127.0.0.1:${port}`));
    const only = (config: RTCConfiguration = {}): RTCConfiguration => ({
      ...config,
      iceTransportPolicy: 'relay',
      iceServers: (config.iceServers ?? []).map(({ urls: all, ...login }) =>
        Object.assign(login, { urls: [all].flat().filter((url) => new RegExp(wanted).test(url)).map(turned) }),
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
  }, { wanted: urls, port });
}

/** A stretch of network on the way to the relay, which can be cut without the server or the page seeing it. */
class Stretch {
  cut = false;
  readonly #near = createSocket('udp4');
  readonly #far = new Map<string, Socket>();

  /** Gives the port on this machine that leads to `target`. */
  async open(target: number): Promise<number> {
    this.#near.on('message', (bytes, sender) => {
      if (!this.cut) this.#towards(sender).send(bytes, target, '127.0.0.1');
    });
    return new Promise((resolve) => this.#near.bind(0, '127.0.0.1', () => resolve(this.#near.address().port)));
  }

  /** One socket for each sender, as a router has one mapping. */
  #towards({ address, port }: RemoteInfo): Socket {
    const sender = `${address} ${port}`;
    const known = this.#far.get(sender);
    if (known !== undefined) return known;
    const far = createSocket('udp4');
    far.on('message', (bytes) => {
      if (!this.cut) this.#near.send(bytes, port, address);
    });
    this.#far.set(sender, far);
    return far;
  }

  close(): void {
    for (const socket of [this.#near, ...this.#far.values()]) socket.close();
  }
}

/** Makes Chromium trust the demo's certificate, as one does who has installed its authority. */
async function trusting(demo: Demo): Promise<string[]> {
  const raw = await new Promise<Buffer>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: demo.httpsPort, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().raw);
      socket.destroy();
    });
    socket.on('error', reject);
  });
  const key = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' });
  return [`--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`];
}

for (const { over, urls } of WAYS) {
  test(`a patient who reaches only the relay, over ${over}, sees and is seen`, async () => {
    await Two.run(async (two) => {
      await relayOnly(two.patient, urls);
      await two.join();
      await two.expectBothWays();
      expect(await chosenWay(two.patient)).toMatchObject({ mine: 'relay', relay: over });
      // Who can do without the relay does.
      expect((await chosenWay(two.clinician))?.mine).not.toBe('relay');
    }, { patient: trusting });
  });
}

test('a path through the relay that died is found again, with fresh rights', async () => {
  const stretch = new Stretch();
  await Two.run(async (two) => {
    const { server, patient } = two;
    let asked = false;
    patient.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => (asked ||= String(payload).includes('"restart_ice"'))),
    );
    await relayOnly(patient, WAYS[0].urls, await stretch.open(server.relayPort));
    await two.join();
    await two.expectBothWays();
    const before = await rights(patient);

    // Only the media's path dies; the page can still ask, and gets fresh rights.
    stretch.cut = true;
    await expect(patient.getByText('Reconnecting').first()).toBeVisible();
    await expect.poll(() => asked).toBe(true);
    stretch.cut = false;
    await expect.poll(() => rights(patient), { timeout: 40_000 }).not.toEqual(before);
    const then = (await media(patient)).pictures[0] ?? 0;
    await expect
      .poll(async () => (await media(patient)).pictures[0] ?? 0, { timeout: 40_000 })
      .toBeGreaterThanOrEqual(then + 50);
    expect(await chosenWay(patient)).toMatchObject({ mine: 'relay', relay: 'udp' });
  }).finally(() => stretch.close());
});

/** The user name that the page's newest connection has towards the relay. */
async function rights(page: Page): Promise<string | undefined> {
  return page.evaluate(() => {
    const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
    return peers.at(-1)?.getConfiguration().iceServers?.[0]?.username;
  });
}
