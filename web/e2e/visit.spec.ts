/** A whole visit, as the two people in it live it. */
import { expect, test } from '@playwright/test';
import { Demo, browser, clinicianSignsIn, guestWaits, person, received, shot, toneAboveFloor, wav } from './bedside';

const demo = new Demo();
test.beforeAll(() => demo.start());
test.afterAll(() => demo.dispose());

test('clinician and patient, an interpreter, a screen, and a reload', async () => {
  const tone = wav(demo.folder, 'tone.wav', true);
  const silence = wav(demo.folder, 'silence.wav', false);
  const [clinic, home] = await Promise.all([browser(silence), browser(tone)]);
  const clinician = await person(clinic);
  const patient = await person(home, { width: 390, height: 844 });

  await test.step('the patient waits', async () => {
    await clinicianSignsIn(clinician, demo);
    await shot(clinician, 'clinic-board');
    await guestWaits(patient, demo.addresses.patient);
    await shot(patient, 'patient-waiting');
  });

  await test.step('the clinician lets the patient in', async () => {
    await shot(clinician, 'clinic-board-waiting');
    await clinician.getByRole('button', { name: 'Admit' }).first().click();
    await expect.poll(async () => (await received(clinician)).frames).toBeGreaterThanOrEqual(50);
    await expect.poll(async () => (await received(patient)).frames).toBeGreaterThanOrEqual(50);
    await shot(clinician, 'clinic-call');
    await shot(patient, 'patient-call');
  });

  await test.step('media is sealed with an AEAD cipher', async () => {
    expect((await received(clinician)).cipher).toContain('AEAD');
    expect((await received(patient)).cipher).toContain('AEAD');
  });

  await test.step('a tone in one room is heard in the other', async () => {
    const above = await toneAboveFloor(clinician);
    expect(above).toBeGreaterThanOrEqual(30);
  });
  await Promise.all([clinic.close(), home.close()]);
});
