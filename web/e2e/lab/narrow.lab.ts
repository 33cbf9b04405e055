/** A path that carries sound and no picture: the picture rests, says so, and comes back by itself. */
import { expect, test } from '@playwright/test';
import { heard, record, recordUntil, recordedSeconds, recording, tone } from './sound';
import { LabVisit, figure } from './visit';

const HOME = 'home-nat,home';
/** Sound takes about half of it. */
const NARROW_KBPS = 90;
/** Listened to while the picture rests, in seconds. */
const LISTEN_S = 20;
const PATIENCE = { timeout: 60_000 };

test(`at ${NARROW_KBPS} kbit/s the picture rests, the sound stays, and both sides are told`, async () => {
  test.setTimeout(8 * 60_000);
  // A picture that costs something: a small one fits through.
  const picture = { width: 640, height: 360, framesPerS: 30, grain: true };
  await LabVisit.in({ clinician: [`net0=${HOME}`], patient: [`net0=${HOME}`], picture }, async (visit) => {
    await visit.join();
    await visit.expectBothWays();
    const paused = 'Picture paused, so that the sound stays good';
    const resting = visit.patient.getByText(paused);
    // The way out is as narrow: the page lets its own camera rest.
    const restingToo = visit.clinician.getByText(paused);
    const told = visit.clinician.getByText('Weak connection: gets sound, no pictures');
    await expect(resting).toHaveCount(0);

    await visit.patientHost.link(0, `${HOME},rate${NARROW_KBPS}`);
    await expect(resting).toBeVisible(PATIENCE);
    await expect(told).toBeVisible(PATIENCE);
    await expect(restingToo).toBeVisible(PATIENCE);

    await record(visit.patient);
    const from = await recordedSeconds(visit.patient);
    await recordUntil(visit.patient, from + LISTEN_S);
    const windows = heard(tone(await recording(visit.patient)));
    const share = windows.filter(Boolean).length / windows.length;
    figure(`at ${NARROW_KBPS} kbit/s: the tone is heard for ${(share * 100).toFixed(1)} % of ${LISTEN_S} s`);
    expect(share).toBeGreaterThanOrEqual(0.95);

    await visit.patientHost.link(0, HOME);
    await expect(resting).toHaveCount(0, PATIENCE);
    await expect(told).toHaveCount(0, PATIENCE);
    // Whether the way out is wide again is only tried now and then.
    await expect(restingToo).toHaveCount(0, { timeout: 240_000 });
    await visit.expectShown();
  });
});
