/** What goes wrong, and that people hardly notice. */
import { expect, test } from '@playwright/test';
import { Demo, browser, clinicianSignsIn, guestWaits, person, received, say, shot } from './bedside';

test('the server is killed in a call: both are back by themselves, chat and consent intact', async () => {
  const demo = new Demo();
  await demo.start();
  const chromium = await browser();
  try {
    const clinician = await person(chromium);
    const patient = await person(chromium, { width: 390, height: 844 });
    await clinicianSignsIn(clinician, demo);
    await guestWaits(patient, demo.addresses.patient);
    await clinician.getByRole('button', { name: 'Admit' }).first().click();
    await expect.poll(async () => (await received(patient)).frames).toBeGreaterThan(10);
    await say(patient, 'Written before the crash.');
    const peers = () => patient.evaluate(() => (window as unknown as { peers: unknown[] }).peers.length);
    const before = await peers();

    await demo.stop('SIGKILL');
    await expect(patient.getByText('Reconnecting').first()).toBeVisible();
    await shot(patient, 'patient-reconnecting');
    await demo.start();

    await expect.poll(peers, { timeout: 30_000 }).toBeGreaterThan(before);
    await expect.poll(async () => (await received(patient)).frames, { timeout: 30_000 }).toBeGreaterThan(10);
    await expect.poll(async () => (await received(clinician)).frames, { timeout: 30_000 }).toBeGreaterThan(10);
    // No consent page and no waiting room came in between: the consent on record still holds.
    await expect(patient.getByRole('button', { name: 'Leave' })).toBeVisible();
    await clinician.getByRole('button', { name: /Chat/ }).click();
    await expect(clinician.getByText('Written before the crash.', { exact: true })).toHaveCount(1);
    await say(clinician, 'And after it.');
    await expect(patient.getByText('And after it.', { exact: true })).toHaveCount(1);
  } finally {
    await chromium.close();
    await demo.dispose();
  }
});

test('an orderly stop tells people that their link still works', async () => {
  const demo = new Demo();
  await demo.start();
  const chromium = await browser();
  try {
    const patient = await person(chromium, { width: 390, height: 844 });
    await guestWaits(patient, demo.addresses.patient);
    await demo.stop('SIGTERM');
    await expect(patient.getByText('Your link still works.', { exact: false })).toBeVisible();
    expect(demo.output).toContain('Closed.');
    await shot(patient, 'patient-closing');
  } finally {
    await chromium.close();
    await demo.dispose();
  }
});
