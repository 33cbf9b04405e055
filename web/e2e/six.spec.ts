/** Six people at once in one visit: everybody sees and hears the five others. */
import { expect, test, type Page } from '@playwright/test';
import { Demo, browser, clinicianSignsIn, guestWaits, inviteFrom, media, movingPicture, person, shot, wav } from './bedside';

const GUESTS = [
  { name: 'Inez Fuentes', role: 'Interpreter' },
  { name: 'Noor Morgan', role: 'Family' },
  { name: 'Theo Morgan', role: 'Family' },
  { name: 'Lia Morgan', role: 'Family' },
] as const;
/** Frames of one picture, and packets of one sound, that count as "sees" and "hears". */
const ENOUGH = 50;
/** At 5 frames per second 50 take ten seconds; a busy machine takes longer. */
const PATIENCE = { timeout: 120_000 };
const FIVE = [ENOUGH, ENOUGH, ENOUGH, ENOUGH, ENOUGH];
const enough = (count: number) => Math.min(count, ENOUGH);

const demo = new Demo();
test.beforeAll(() => demo.start());
test.afterAll(() => demo.dispose());

/** Invites from the board and gives the link. */
async function invite(clinician: Page, { name, role }: (typeof GUESTS)[number]): Promise<string> {
  await clinician.getByRole('button', { name: 'More for Alex Morgan' }).click();
  return inviteFrom(clinician, role, name);
}

/** Shows everybody at the same size: nobody is scrolled out of sight. */
async function allEqual(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  await page.getByText('All equal', { exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).first().click();
}

test('clinician, patient, interpreter and three of the family', async () => {
  test.setTimeout(400_000);
  // Small pictures in small windows: two cores encode six cameras, and decode and draw thirty.
  const chromium = await browser(wav(demo.folder, 'tone.wav', true), movingPicture(demo.folder));
  try {
    const clinician = await person(chromium, { width: 1000, height: 640 });
    await clinicianSignsIn(clinician, demo);
    const links = [demo.addresses.patient];
    for (const guest of GUESTS) links.push(await invite(clinician, guest));

    const guests = await Promise.all(links.map((_, n) => person(chromium, n === 0 ? PHONE : SMALL)));
    await Promise.all(guests.map((page, n) => guestWaits(page, links[n]!)));
    for (const name of ['Alex Morgan', ...GUESTS.map((guest) => guest.name)]) {
      await clinician.getByRole('button', { name: `Admit ${name}` }).first().click();
      await expect(clinician.getByRole('button', { name: `Admit ${name}` })).toHaveCount(0);
    }

    const everybody = [clinician, ...guests];
    await Promise.all(everybody.map(allEqual));
    for (const page of everybody) {
      // The five others and one's own.
      await expect(page.locator('.c-tile')).toHaveCount(6);
      await expect.poll(async () => (await media(page)).pictures.map(enough), PATIENCE).toEqual(FIVE);
      await expect.poll(async () => (await media(page)).sounds.map(enough), PATIENCE).toEqual(FIVE);
      await expect(page.locator('.c-tile video:not([hidden])')).toHaveCount(6);
    }
    await shot(clinician, 'clinic-six');
    await shot(guests[0]!, 'patient-six');
  } finally {
    await chromium.close();
  }
});

const PHONE = { width: 390, height: 844 };
const SMALL = { width: 640, height: 480 };
