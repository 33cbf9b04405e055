/** Speech over networks that lose packets: measured by what is left of it for the listener. */
import { type Page, expect, test } from '@playwright/test';
import { listen, speaking } from './speech';
import { LabVisit, figure } from './visit';

interface Line {
  name: string;
  /** The patient's access. */
  access: string;
  /** The least that has to be left: 0.75 is nearly every word of a sentence. */
  least: number;
  /** How long it is listened to. */
  seconds: number;
  /** Part of the short run. */
  short?: true;
}

const LOSSY = 'net0=home-nat,burst10,delay80';
const LINES: readonly Line[] = [
  { name: 'nothing lost', access: 'net0=home-nat,home', least: 0.85, seconds: 30 },
  { name: '10 % lost in bursts, 80 ms each way, for a minute', access: LOSSY, least: 0.75, seconds: 60, short: true },
  { name: '10 % lost in bursts, 80 ms each way, for ten minutes', access: LOSSY, least: 0.75, seconds: 600 },
];

/** How many connections for media a page has opened so far. */
const connections = (page: Page) => page.evaluate(() => (window as unknown as { peers: unknown[] }).peers.length);

for (const { name, access, least, seconds: lengthS, short } of LINES) {
  test(`speech with ${name} is understood`, { tag: short ? ['@short'] : [] }, async () => {
    test.setTimeout((lengthS + 180) * 1_000);
    await speaking(async (speech) => {
      await LabVisit.in({ clinician: ['net0=open'], patient: [access], speech }, async (visit) => {
        await visit.join();
        await visit.expectBothWays();
        const ends = [visit.clinician, visit.patient];
        const before = await Promise.all(ends.map(connections));
        const { score, placed, seconds } = await listen(visit.clinician, speech, name, lengthS);
        figure(`speech with ${name}: STOI ${score} over ${seconds} s, ${placed * 100} % of it placed`);
        expect(placed).toBeGreaterThanOrEqual(0.8);
        expect(score).toBeGreaterThanOrEqual(least);
        // The visit stayed up: on the connections that it began with.
        await expect(visit.patient.getByRole('button', { name: 'Leave' })).toBeVisible();
        expect(await Promise.all(ends.map(connections))).toEqual(before);
      });
    });
  });
}
