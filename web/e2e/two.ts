/**
 * Two people in one visit: a clinician and a patient, each with a browser of their own. Owns the order
 * in which they come in, what counts as seen and heard, and which way their media goes.
 */
import { type Browser, type Page, expect } from '@playwright/test';
import { Demo, browser, clinicianSignsIn, guestWaits, media, person } from './bedside';

/** Frames and packets that count as seen and heard. */
const ENOUGH = 50;
/** On a busy machine, in a slow network. */
const PATIENCE = { timeout: 60_000 };

/** A server, and two people at it. */
export class Two {
  readonly browsers: Browser[] = [];
  server!: Demo;
  clinician!: Page;
  patient!: Page;

  /**
   * Runs `job` with a demo and both pages on this machine, and takes everything down. `patient` gives
   * switches of the patient's browser.
   */
  static async run(
    job: (two: Two) => Promise<void>,
    patient: (server: Demo) => string[] | Promise<string[]> = () => [],
  ): Promise<void> {
    const two = new Two();
    two.server = new Demo();
    try {
      await two.server.start();
      two.browsers.push(await browser());
      two.browsers.push(await browser(undefined, undefined, ...(await patient(two.server))));
      two.clinician = await person(two.browsers[0]!);
      two.patient = await person(two.browsers[1]!);
      await job(two);
    } finally {
      await two.close();
    }
  }

  /** From the links to the call. */
  async join(): Promise<void> {
    await clinicianSignsIn(this.clinician, this.server);
    await guestWaits(this.patient, this.server.addresses.patient);
    await this.clinician.getByRole('button', { name: 'Admit Alex Morgan' }).first().click();
  }

  /** Both see and hear each other, on the connection in use. */
  async expectBothWays(): Promise<void> {
    for (const page of [this.clinician, this.patient]) {
      await expect.poll(async () => (await media(page)).pictures[0] ?? 0, PATIENCE).toBeGreaterThanOrEqual(ENOUGH);
      await expect.poll(async () => (await media(page)).sounds[0] ?? 0, PATIENCE).toBeGreaterThanOrEqual(ENOUGH);
    }
  }

  protected async close(): Promise<void> {
    await Promise.all(this.browsers.map((one) => one.close()));
    await this.server?.dispose();
  }
}

/** Which of a page's connections: the one to the server, or the one to the other person. */
export type Which = 'server' | 'direct';

/** The chosen way of a page's live connection. */
export interface Way {
  /** This end: `host`, `srflx`, `prflx` or `relay`. */
  mine: string;
  /** What a relay is reached over: `udp`, `tcp` or `tls`. */
  relay: string | undefined;
  /** What goes over the network behind this end: `udp` or `tcp`. */
  protocol: string;
  /** The other end. */
  theirs: string;
}

/** How a page's newest live connection goes; `null` without one. */
export async function chosenWay(page: Page, which: Which = 'server'): Promise<Way | null> {
  return page.evaluate(async (wanted) => {
    const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
    // The direct connection receives on a line that it sends on; the server's never does.
    const direct = (p: RTCPeerConnection) => p.getTransceivers().some((t) => t.direction === 'sendrecv');
    const live = peers.findLast((p) => p.connectionState === 'connected' && direct(p) === (wanted === 'direct'));
    const entries = new Map<unknown, Record<string, unknown>>();
    (await live?.getStats())?.forEach((s: Record<string, unknown>) => entries.set(s.id, s));
    const transport = [...entries.values()].find((s) => s.type === 'transport');
    const pair = entries.get(transport?.selectedCandidatePairId);
    const [mine, theirs] = [entries.get(pair?.localCandidateId), entries.get(pair?.remoteCandidateId)];
    if (mine === undefined || theirs === undefined) return null;
    return {
      mine: String(mine.candidateType),
      relay: mine.relayProtocol as string | undefined,
      protocol: String(theirs.protocol),
      theirs: String(theirs.candidateType),
    };
  }, which);
}
