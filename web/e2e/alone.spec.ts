/** One person alone tries it: a synthetic patient is the other side. */
import { expect, test, type Page } from '@playwright/test';
import { Demo, browser, clinicianSignsIn, media, person, shot } from './bedside';

/** Lets the synthetic patient in and waits until pictures go both ways. */
async function admitAndLook(clinician: Page): Promise<void> {
  await clinician.getByRole('button', { name: 'Admit Alex Morgan' }).first().click();
  await expect.poll(async () => (await media(clinician)).pictures).toEqual([expect.any(Number)]);
  await expect.poll(async () => (await media(clinician)).pictures[0]).toBeGreaterThanOrEqual(50);
  await expect.poll(async () => (await media(clinician)).acknowledged).toBeGreaterThanOrEqual(50);
}

test('from the menu of a visit: the dialog closes, somebody comes, and it is a two-way visit', async () => {
  const demo = new Demo();
  await demo.start();
  const chromium = await browser();
  try {
    const clinician = await person(chromium);
    await clinicianSignsIn(clinician, demo);
    await clinician.getByRole('button', { name: 'More for Alex Morgan' }).click();
    await clinician.getByRole('button', { name: 'Let a synthetic patient join' }).click();
    await expect(clinician.getByRole('dialog')).toHaveCount(0);
    await admitAndLook(clinician);
    await expect(clinician.getByText('A synthetic patient is on the way')).toHaveCount(0);
    await shot(clinician, 'clinic-synthetic');
  } finally {
    await chromium.close();
    await demo.dispose();
  }
});

test('with --guest the synthetic patient waits by itself', async () => {
  const demo = new Demo();
  await demo.start('--guest');
  const chromium = await browser();
  try {
    const clinician = await person(chromium);
    await clinicianSignsIn(clinician, demo);
    await admitAndLook(clinician);
    await shot(clinician, 'clinic-guest');
  } finally {
    await chromium.close();
    await demo.dispose();
  }
});
