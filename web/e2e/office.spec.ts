/** Those who run a clinic and answer for its privacy: accounts, a restricted visit in an emergency, its review, one patient's data. */
import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { Demo, appCode, browser, clinicianSignsIn, person, shot } from './bedside';

/** An administrator makes an account; gives the link that the page shows. */
async function add(admin: Page, name: string, email: string, role: string): Promise<string> {
  await admin.getByRole('button', { name: 'Add somebody' }).click();
  const dialog = admin.getByRole('dialog');
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByLabel('E-mail').fill(email);
  await dialog.getByRole('radio', { name: new RegExp(`^${role}`) }).check();
  await dialog.getByRole('button', { name: 'Make the account' }).click();
  const link = await admin.getByLabel('Link', { exact: true }).inputValue();
  await admin.getByRole('button', { name: 'Done' }).click();
  return link;
}

/** From the one-time link to the end of signing in for the first time. */
async function firstSignIn(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByRole('button', { name: 'Use the link and sign in' }).click();
  await page.getByLabel('New password').fill('marble otter lantern quay');
  await page.getByRole('button', { name: 'Save and continue' }).click();
  await page.getByText('No camera? Type this key into the app').click();
  const key = (await page.getByLabel('Key').textContent()) ?? '';
  await page.getByLabel('Six-digit code').fill(appCode(key, Date.now()));
  await page.getByRole('button', { name: 'Check the code' }).click();
  await page.getByLabel('I kept them in a safe place').check();
  await page.getByRole('button', { name: 'Go to today’s visits' }).click();
}

test('an emergency is opened by one, reviewed by another, and the patient’s data goes on request', async () => {
  const demo = new Demo();
  await demo.start();
  const chromium = await browser();
  try {
    const admin = await person(chromium);
    await clinicianSignsIn(admin, demo);

    // Accounts.
    await admin.getByRole('button', { name: 'account and settings' }).click();
    await admin.getByRole('link', { name: 'People' }).click();
    await expect(admin.getByRole('heading', { level: 1, name: 'People' })).toBeFocused();
    const forLena = await add(admin, 'Dr. Lena Vogt', 'lena@clinic.example', 'Clinician');
    const forOla = await add(admin, 'Ola Berg', 'ola@clinic.example', 'Privacy officer');
    await shot(admin, 'office-people');

    // A restricted visit.
    const lena = await person(chromium);
    await firstSignIn(lena, forLena);
    await lena.getByRole('button', { name: 'New visit' }).first().click();
    await lena.getByLabel('Patient’s name').fill('Noor Haddad');
    await lena.getByLabel('Sensitive: only you').check();
    await lena.getByRole('button', { name: 'Create and get the link' }).click();
    await lena.getByRole('button', { name: 'Done' }).click();
    await expect(lena.getByRole('article', { name: 'Noor Haddad' }).getByText('Restricted')).toBeVisible();

    // Somebody else opens it in an emergency.
    await admin.getByRole('link', { name: 'Today’s visits' }).click();
    const hidden = admin.getByRole('article', { name: 'Restricted visit' });
    await expect(hidden.getByText('with Dr. Lena Vogt')).toBeVisible();
    await expect(admin.getByText('Noor Haddad')).toHaveCount(0);
    await hidden.getByRole('button', { name: 'Open in an emergency' }).click();
    await admin.getByLabel('Why do you need it?').fill('Dr. Vogt does not answer, and the patient is unwell.');
    await admin.getByRole('button', { name: 'Open for 60 minutes' }).click();
    const opened = admin.getByRole('article', { name: 'Noor Haddad' });
    await expect(opened.getByText('Open by emergency access until')).toBeVisible();
    await expect(opened).toBeFocused();
    await shot(admin, 'office-opened');

    // They cannot review it themselves; an officer does, led there by the address in the mail.
    await admin.goto(`${new URL(demo.addresses.clinician).origin}/clinic#reviews`);
    await expect(admin.getByText('You opened this one yourself.')).toBeVisible();
    const ola = await person(chromium);
    await firstSignIn(ola, forOla);
    await expect(ola.getByText('1 opening to review')).toBeVisible();
    await ola.getByRole('link', { name: 'Reviews' }).first().click();
    await expect(ola.getByText('the patient is unwell')).toBeVisible();
    await ola.getByRole('button', { name: 'Review what' }).click();
    await ola.getByRole('radio', { name: /^Justified/ }).check();
    await ola.getByRole('button', { name: 'Save the review' }).click();
    await expect(ola.getByText('Everything is reviewed.')).toBeVisible();
    await expect(ola.getByRole('heading', { name: 'To review' })).toBeFocused();
    await ola.reload();
    await expect(ola.getByText('Reviewed by Ola Berg')).toBeVisible();

    // Who looked at it: from the opening to its visit, one entry's proof, then the whole log.
    await ola.getByRole('button', { name: 'Who looked at this?' }).click();
    await expect(ola.getByText('Only: visit of Dr. Lena Vogt')).toBeVisible();
    await expect(ola.getByRole('region', { name: 'Who of the clinic looked at it' }).getByText('Emergency access')).toBeVisible();
    const emergency = ola.getByRole('listitem').filter({ hasText: 'opened a restricted visit in an emergency' });
    await expect(emergency).toHaveCount(1);
    await expect(ola.getByText('Dr. Lena Vogt made a visit')).toBeVisible();
    await expect(ola.getByText('Noor Haddad')).toHaveCount(0);
    expect(new URL(ola.url()).hash).toBe('#log');
    await emergency.getByText(/^Entry/).click();
    await expect(emergency.getByText('bedside audit prove')).toBeVisible();
    await expect(emergency.getByText('kind=access.emergency_opened')).toBeVisible();
    await shot(ola, 'office-log');
    await ola.getByRole('button', { name: 'Show everything' }).click();
    await ola.getByLabel('Person', { exact: true }).selectOption('Dr. Lena Vogt');
    await ola.getByLabel('What', { exact: true }).selectOption('Signing in');
    await expect(ola.getByText('Dr. Lena Vogt set up a second step')).toBeVisible();
    await expect(ola.getByText('Dr. Lena Vogt made a visit')).toHaveCount(0);
    await expect(ola.getByText('This is all.')).toBeVisible();
    await ola.getByRole('button', { name: 'Take it as a file' }).click();
    await expect(ola.getByText('Only: Dr. Lena Vogt')).toBeVisible();
    const [lines] = await Promise.all([ola.waitForEvent('download'), ola.getByRole('button', { name: 'Make the file' }).click()]);
    expect(lines.suggestedFilename()).toBe('audit-log.jsonl');
    const file = readFileSync(await lines.path(), 'utf8');
    expect(file).toContain('visit.created');
    expect(file).not.toContain('Vogt');

    // How the server is: signed from the start, and never backed up yet.
    await ola.getByRole('link', { name: 'System' }).click();
    await expect(ola.getByRole('heading', { level: 1, name: 'System' })).toBeFocused();
    const log = ola.getByRole('article', { name: 'The log of who did what' });
    await expect(log.getByText('Signed', { exact: true })).toBeVisible();
    await expect(log.getByText('entries are signed')).toBeVisible();
    await expect(ola.getByRole('article', { name: 'Backups' }).getByText('bedside backup create')).toBeVisible();
    await expect(ola.getByRole('article', { name: 'Keys to the data' }).getByText('New data is locked with version 1')).toBeVisible();
    await shot(ola, 'office-system');

    // What is kept, and one patient's data.
    await ola.getByRole('navigation', { name: 'The clinic' }).getByRole('link', { name: 'What is kept' }).click();
    const chat = ola.getByRole('group', { name: /^Chat/ });
    await chat.getByLabel('Keep for ever').uncheck();
    await chat.getByLabel('Days after').fill('30');
    await ola.getByRole('button', { name: 'Save', exact: true }).click();
    await ola.getByRole('button', { name: 'Save and delete what is older' }).click();
    await expect(ola.getByText('Saved.').first()).toBeVisible();
    await ola.reload();
    await expect(chat.getByLabel('Days after')).toHaveValue('30');
    await ola.getByLabel('Name or part of it').fill('haddad');
    await ola.getByRole('button', { name: 'Find' }).click();

    const [data] = await Promise.all([ola.waitForEvent('download'), ola.getByRole('button', { name: 'Export everything about Noor Haddad' }).click()]);
    expect(data.suggestedFilename()).toBe('patient-export.json');
    expect(readFileSync(await data.path(), 'utf8')).toContain('Noor Haddad');
    await ola.getByRole('button', { name: 'Place a legal hold on Noor Haddad' }).click();
    await ola.getByLabel('Reason').fill('Case 2026-114 at the district court.');
    await ola.getByRole('button', { name: 'Place the hold' }).click();
    await expect(ola.getByText('Case 2026-114')).toBeVisible();
    await shot(ola, 'office-kept');
    await ola.getByRole('button', { name: 'Lift the hold of Noor Haddad' }).first().click();
    await ola.getByRole('button', { name: 'Lift the hold', exact: true }).click();
    await expect(ola.getByText('There are none.')).toBeVisible();

    await ola.getByRole('button', { name: 'Erase everything about Noor Haddad' }).click();
    await ola.getByLabel('Type the patient’s name').fill('Noor Haddad');
    await ola.getByLabel('Reason').fill('Request of the patient of 3 May.');
    const [certificate] = await Promise.all([ola.waitForEvent('download'), ola.getByRole('button', { name: 'Erase for good' }).click()]);
    expect(certificate.suggestedFilename()).toBe('erasure-certificate.json');
    expect(readFileSync(await certificate.path(), 'utf8')).not.toContain('Noor Haddad');

    // A disabled person is out within seconds.
    await admin.getByRole('link', { name: 'People' }).click();
    await admin.getByRole('button', { name: 'Change the account of Dr. Lena Vogt' }).click();
    await admin.getByRole('button', { name: 'Disable the account' }).click();
    await admin.getByRole('button', { name: 'Disable', exact: true }).click();
    await expect(admin.getByText('Disabled', { exact: true })).toBeVisible();
    await expect(lena.getByText('Your sign-in has ended.')).toBeVisible();
  } finally {
    await chromium.close();
    await demo.dispose();
  }
});
