/** A whole visit, as the people in it live it. */
import { expect, test } from '@playwright/test';
import {
  Demo,
  browser,
  clinicianSignsIn,
  guestWaits,
  inviteFrom,
  person,
  pictures,
  received,
  say,
  shot,
  toneAboveFloor,
  wav,
} from './bedside';

const demo = new Demo();
test.beforeAll(() => demo.start());
test.afterAll(() => demo.dispose());

test('clinician and patient, an interpreter, a screen, and a reload', async () => {
  const tone = wav(demo.folder, 'tone.wav', true);
  const silence = wav(demo.folder, 'silence.wav', false);
  const [clinic, home] = await Promise.all([browser(silence), browser(tone)]);
  const clinician = await person(clinic);
  const patient = await person(home, { width: 390, height: 844 });

  await test.step('the patient waits, and reads what the clinic writes', async () => {
    await clinicianSignsIn(clinician, demo);
    await shot(clinician, 'clinic-board');
    await guestWaits(patient, demo.addresses.patient);
    await clinician.getByRole('button', { name: 'Message' }).first().click();
    await clinician.getByLabel('Message to Alex Morgan').last().fill('Two minutes more.');
    await clinician.getByRole('button', { name: 'Send' }).click();
    await expect(patient.getByText('Two minutes more.', { exact: true })).toBeVisible();
    await shot(patient, 'patient-waiting');
    await shot(clinician, 'clinic-board-waiting');
  });

  await test.step('the clinician lets the patient in', async () => {
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
    expect(await toneAboveFloor(clinician)).toBeGreaterThanOrEqual(30);
  });

  await test.step('the patient chooses sound only: the clinician reads it, no picture goes either way, and all comes back', async () => {
    await patient.getByRole('button', { name: 'Settings' }).click();
    await patient.getByText('Sound only', { exact: true }).click();
    await expect(clinician.getByText('Sound only, by their own choice').first()).toBeVisible();
    const still = async (page: typeof patient) => {
      const { frames } = await received(page);
      await page.waitForFunction(() => new Promise((resolve) => setTimeout(() => resolve(true), 1_000)));
      return (await received(page)).frames - frames;
    };
    await expect.poll(() => still(patient)).toBe(0);
    await expect.poll(() => still(clinician)).toBe(0);
    expect(await toneAboveFloor(clinician)).toBeGreaterThanOrEqual(30);
    await shot(clinician, 'clinic-sound-only');
    await patient.getByText('Full', { exact: true }).click();
    await patient.keyboard.press('Escape');
    await expect.poll(() => still(patient)).toBeGreaterThan(0);
    await expect.poll(() => still(clinician)).toBeGreaterThan(0);
    await expect(clinician.getByText('Sound only, by their own choice')).toHaveCount(0);
  });

  await test.step('an interpreter joins by a link of their own', async () => {
    await clinician.getByRole('button', { name: 'People' }).click();
    const link = await inviteFrom(clinician, 'Interpreter', 'Inez Fuentes', () => shot(clinician, 'clinic-invitation'));
    const interpreter = await person(clinic);
    await guestWaits(interpreter, link);
    await clinician.getByRole('button', { name: 'Admit Inez Fuentes' }).first().click();
    await expect.poll(async () => (await received(patient)).videos).toBeGreaterThanOrEqual(2);
    await expect.poll(async () => (await received(interpreter)).videos).toBeGreaterThanOrEqual(2);
    await shot(clinician, 'clinic-three');
    await interpreter.getByRole('button', { name: 'Leave' }).click();
    await interpreter.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
    await expect(interpreter.getByText('You left the visit')).toBeVisible();
    await interpreter.context().close();
  });

  await test.step('the clinician shares a screen', async () => {
    await expect.poll(() => pictures(patient)).toBe(2);
    await clinician.getByRole('button', { name: 'Share screen' }).click();
    await expect(clinician.getByText('You are sharing your screen.', { exact: false })).toBeVisible();
    await expect.poll(() => pictures(patient), { timeout: 30_000 }).toBe(3);
    await shot(patient, 'patient-screen');
    await clinician.getByRole('button', { name: 'Stop sharing' }).first().click();
  });

  await test.step('chat arrives once, in order, and is back after a reload within 3 s', async () => {
    await say(patient, 'My knee is better.');
    await say(patient, 'But the stairs are hard.');
    await clinician.getByRole('button', { name: /Chat/ }).click();
    await expect(clinician.getByText('My knee is better.', { exact: true })).toHaveCount(1);
    await expect(clinician.getByText('But the stairs are hard.', { exact: true })).toHaveCount(1);
    await shot(clinician, 'clinic-chat');

    const started = Date.now();
    await patient.reload();
    await expect.poll(async () => (await received(patient)).frames, { intervals: [50] }).toBeGreaterThan(0);
    const took = Date.now() - started;
    test.info().annotations.push({ type: 'reload to picture, ms', description: String(took) });
    expect(took).toBeLessThanOrEqual(3_000);
    await patient.getByRole('button', { name: /Chat/ }).click();
    await expect(patient.getByText('My knee is better.', { exact: true })).toHaveCount(1);
    await expect(patient.getByText('But the stairs are hard.', { exact: true })).toHaveCount(1);
  });

  await test.step('the visit ends for both, with a goodbye', async () => {
    await clinician.getByRole('button', { name: 'End visit' }).click();
    await clinician.getByRole('dialog').getByRole('button', { name: 'End visit' }).click();
    await expect(patient.getByText('Your visit is over')).toBeVisible();
    await patient.getByText('Very good').click();
    await patient.getByRole('button', { name: 'Send' }).click();
    await expect(patient.getByText('Thank you for your answer.')).toBeVisible();
    await shot(patient, 'patient-goodbye');
    await expect(clinician.getByRole('heading', { name: 'Today', exact: true })).toBeVisible();
  });
  await Promise.all([clinic.close(), home.close()]);
});
