/** The age of pictures through our server and through Janus, in one run, by turns. */
import { expect, test } from '@playwright/test';
import { person } from '../bedside';
import { ages, drawsClock, filmClock, quantile } from './clock';
import { Janus } from './janus';
import { Lab } from './lab';
import { LabVisit, figure } from './visit';

/** Frames of one round, and rounds of each server. */
const [FRAMES, ROUNDS] = [300, 3];
const LINES = [
  { name: 'a perfect network', access: 'net0=open' },
  { name: 'two homes, 20 ms one way', access: 'net0=home-nat,home' },
] as const;

async function ours(access: string): Promise<number[]> {
  let read: number[] = [];
  await LabVisit.in({ clinician: [access], patient: [access] }, async (visit) => {
    await filmClock(visit.patient);
    await visit.join();
    await visit.expectBothWays();
    read = (await ages(visit.clinician, FRAMES)).ages;
  });
  return read;
}

async function theirs(access: string): Promise<number[]> {
  const lab = await Lab.start();
  let janus: Janus | undefined;
  try {
    const server = await lab.host('server', 'net0=open');
    const hosts = [await lab.host('sender', access), await lab.host('viewer', access)];
    const browsers = await Promise.all(hosts.map((host) => host.browser()));
    try {
      janus = Janus.start(server);
      const [sender, viewer] = await Promise.all(browsers.map((one) => person(one, { width: 1000, height: 640 })));
      await drawsClock(sender!);
      await janus.call(sender!, viewer!);
      await viewer!.waitForFunction(() => (document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > 50);
      return (await ages(viewer!, FRAMES)).ages;
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
