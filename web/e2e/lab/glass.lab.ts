/** From glass to glass: how old a picture is when the other person sees it. */
import { expect, test } from '@playwright/test';
import { ages, filmClock, quantile } from './clock';
import { LabVisit, figure } from './visit';

/** Frames that are read. */
const FRAMES = 300;

const LINES = [
  { name: 'a perfect network', access: 'net0=open', delayMs: 0 },
  { name: 'two homes, 20 ms one way', access: 'net0=home-nat,home', delayMs: 20 },
] as const;

for (const { name, access, delayMs } of LINES) {
  test(`from glass to glass over ${name}`, async () => {
    await LabVisit.in({ clinician: [access], patient: [access] }, async (visit) => {
      await filmClock(visit.patient);
      await visit.join();
      await visit.expectBothWays();
      const read = await ages(visit.clinician, FRAMES);
      const at = (share: number) => quantile(read.ages, share);
      figure(`glass to glass over ${name}: ${at(0.5)} ms (median), ${at(0.95)} ms (95 of 100)`);
      expect(read.ages.length).toBe(FRAMES);
      // No picture is faster than the network, whatever the machine does.
      expect(at(0)).toBeGreaterThanOrEqual(delayMs);
    });
  });
}
