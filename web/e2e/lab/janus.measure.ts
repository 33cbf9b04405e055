/** The age of pictures through our server and through Janus, in one run, by turns. */
import { type Page, expect, test } from '@playwright/test';
import { movingPicture, person, wav } from '../bedside';
import { WIDTH, ages, filmClock, quantile } from './clock';
import { Janus } from './janus';
import { Lab } from './lab';
import { LabVisit, figure } from './visit';

/** Frames of one round, and rounds of each server. */
const [FRAMES, ROUNDS] = [300, 3];
/** Windows of the one who looks and of the one who films, as in our visit. */
const SIZES = [{ width: 1000, height: 640 }, { width: 390, height: 844 }] as const;
const LINES = [
  { name: 'a perfect network', access: 'net0=open' },
  { name: 'two homes, 20 ms one way', access: 'net0=home-nat,home' },
] as const;

/** The ages of pictures in the larger layer, once it comes: else one server would have less to do. */
async function wholeAges(page: Page): Promise<number[]> {
  const wide = (width: number) => [...document.querySelectorAll('video')].some((one) => one.videoWidth === width);
  await page.waitForFunction(wide, WIDTH, { timeout: 60_000 });
  const read = await ages(page, FRAMES);
  expect(read.width).toBe(WIDTH);
  return read.ages;
}

async function ours(access: string): Promise<number[]> {
  let read: number[] = [];
  await LabVisit.in({ clinician: [access], patient: [access] }, async (visit) => {
    await filmClock(visit.patient);
    await visit.join();
    await visit.expectBothWays();
    read = await wholeAges(visit.clinician);
  });
  return read;
}

async function theirs(access: string): Promise<number[]> {
  const lab = await Lab.start();
  let janus: Janus | undefined;
  try {
    const server = await lab.host('server', 'net0=open');
    const hosts = [await lab.host('viewer', access), await lab.host('sender', access)];
    // It has no TLS, and browsers give devices to secure pages only.
    const trusted = `--unsafely-treat-insecure-origin-as-secure=${Janus.origin(server)}`;
    const tone = wav(lab.folder, 'tone.wav', true);
    const camera = movingPicture(lab.folder);
    const browsers = await Promise.all(hosts.map((host) => host.browser(tone, camera, trusted)));
    try {
      janus = Janus.start(server);
      const [viewer, sender] = await Promise.all(browsers.map((one, at) => person(one, SIZES[at])));
      await filmClock(sender!);
      await janus.call(viewer!, sender!);
      return await wholeAges(viewer!);
    } finally {
      await Promise.all(browsers.map((one) => one.close()));
    }
  } finally {
    janus?.stop();
    await lab.dispose();
  }
}

for (const { name, access } of LINES) {
  test(`from glass to glass over ${name}, beside Janus`, async () => {
    test.setTimeout(15 * 60_000);
    const all = { bedside: [] as number[], janus: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      all.bedside.push(...(await ours(access)));
      all.janus.push(...(await theirs(access)));
    }
    for (const [who, read] of Object.entries(all)) {
      figure(`${who} over ${name}: ${quantile(read, 0.5)} ms (median), ${quantile(read, 0.95)} ms (95 of 100), ${read.length} frames`);
      expect(read).toHaveLength(FRAMES * ROUNDS);
    }
  });
}
