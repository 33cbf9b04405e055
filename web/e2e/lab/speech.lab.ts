/** Speech over networks that lose packets: measured by what is left of it for the listener. */
import { expect, test } from '@playwright/test';
import { listen, speaking } from './speech';
import { LabVisit, figure } from './visit';

interface Line {
  name: string;
  /** The patient's access. */
  access: string;
  /** The least that has to be left: 0.75 is nearly every word of a sentence. */
  least: number;
}

const LINES: readonly Line[] = [
  { name: 'nothing lost', access: 'net0=home-nat,home', least: 0.85 },
  { name: '10 % lost in bursts, 80 ms each way', access: 'net0=home-nat,burst10,delay80', least: 0.75 },
];

for (const { name, access, least } of LINES) {
  test(`speech with ${name} is understood`, async () => {
    await speaking(async (speech) => {
      await LabVisit.in({ clinician: ['net0=open'], patient: [access], speech }, async (visit) => {
        await visit.join();
        await visit.expectBothWays();
        const { score, placed, seconds } = await listen(visit.clinician, speech, name);
        figure(`speech with ${name}: STOI ${score} over ${seconds} s, ${placed * 100} % of it placed`);
        expect(placed).toBeGreaterThanOrEqual(0.8);
        expect(score).toBeGreaterThanOrEqual(least);
        await expect(visit.patient.getByRole('button', { name: 'Leave' })).toBeVisible();
      });
    });
  });
}
