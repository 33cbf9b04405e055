/**
 * Two people in one visit: a clinician and a patient, each with a browser of their own. Owns the order
 * in which they come in, what counts as seen and heard, and which way their media goes.
 */
import { type Browser, type Page, expect } from '@playwright/test';
import { Demo, browser, clinicianSignsIn, guestWaits, media, person, pictures } from './bedside';

/** Frames and packets that count as seen and heard. */
const ENOUGH = 50;
/** On a busy machine, in a slow network. */
const PATIENCE = { timeout: 60_000 };

/** How the two and their server differ from the usual. */
export interface Rig {
  patient?: (server: Demo) => string[] | Promise<string[]>;
  server?: readonly string[];
}

/** A server, and two people at it. */
export class Two {
  readonly browsers: Browser[] = [];
  server!: Demo;
  clinician!: Page;
  patient!: Page;

  /**
   * Runs `job` with a demo and both pages on this machine, and takes everything down. `patient` gives
   * switches of the patient's browser, `server` more words for the demo.
   */
  static async run(
    job: (two: Two) => Promise<void>,
    { patient = () => [], server = [] }: Rig = {},
  ): Promise<void> {
    const two = new Two();
    two.server = new Demo();
    try {
      await two.server.start(...server);
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

  /** Each is shown a moving picture of the other; by which way is left open. */
  async expectShown(): Promise<void> {
    for (const page of [this.clinician, this.patient]) {
      await expect.poll(() => pictures(page), PATIENCE).toBeGreaterThanOrEqual(2);
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

/** Which way the page says its call takes; its settings have to be open. */
export const path = (page: Page) => page.locator('[data-path]').getAttribute('data-path');

/** Writes down the longest time for which the other person's picture stood still, from now on. */
export async function watchStale(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seat = document.querySelector<HTMLElement>('.c-tile[data-source="camera"]')?.dataset.seat;
    if (!seat) throw new Error('no picture to watch');
    const watch = { last: performance.now(), longest: 0 };
    (window as unknown as { stale: typeof watch }).stale = watch;
    let seen: { element: HTMLVideoElement | null; frames: number } = { element: null, frames: 0 };
    // The tile may move to another place of the screen: it is the person who is followed.
    setInterval(() => {
      const element = document.querySelector<HTMLVideoElement>(`.c-tile[data-seat="${seat}"][data-source="camera"] video`);
      const frames = element?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
      const shown = element !== null && !element.hidden && element.videoWidth > 0;
      if (!shown || frames === 0 || (element === seen.element && frames === seen.frames)) return;
      seen = { element, frames };
      const now = performance.now();
      watch.longest = Math.max(watch.longest, now - watch.last);
      watch.last = now;
    }, 10);
  });
}

/** That time, in milliseconds. */
export function longestStale(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { last, longest } = (window as unknown as { stale: { last: number; longest: number } }).stale;
    return Math.max(longest, performance.now() - last);
  });
}

/** Every address of the other person that the page's direct connection was told or saw. */
export function addressesSeen(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
    const live = peers.findLast((p) => p.connectionState === 'connected' && p.getTransceivers().some((t) => t.direction === 'sendrecv'));
    const seen = new Set((live?.remoteDescription?.sdp ?? '').match(/^a=candidate:.*$/gm)?.flatMap((line) => {
      const words = line.split(' ');
      const related = words.indexOf('raddr');
      return related < 0 ? [words[4]!] : [words[4]!, words[related + 1]!];
    }));
    (await live?.getStats())?.forEach((s: Record<string, unknown>) => {
      if (s.type === 'remote-candidate') seen.add(String(s.address));
    });
    seen.delete('0.0.0.0');
    return [...seen].sort();
  });
}
