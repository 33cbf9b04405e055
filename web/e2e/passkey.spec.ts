/** Passkeys in real Chromium, with its virtual authenticator. */
import { expect, test, type Page } from '@playwright/test';
import { Demo, browser, clinicianSignsIn, person, shot } from './bedside';

const demo = new Demo();
test.beforeAll(() => demo.start());
test.afterAll(() => demo.dispose());

/** A device with a fingerprint sensor, as a laptop or a telephone is. */
async function authenticator(page: Page): Promise<(verified: boolean) => Promise<void>> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return (isUserVerified) => devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }).then(() => {});
}

test('a passkey is added, signs in alone, and the last second step stays', async () => {
  const clinic = await browser();
  const page = await person(clinic);
  const setVerified = await authenticator(page);
  await clinicianSignsIn(page, demo);

  await page.getByRole('button', { name: /account and settings/ }).click();
  const factors = page.getByRole('region', { name: 'Second step' });
  await expect(factors.getByText('No passkey yet.')).toBeVisible();
  await factors.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(factors.getByText('Give it a name.')).toBeVisible();
  await factors.getByRole('textbox', { name: 'Name of the new passkey' }).fill('Work laptop');
  await factors.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(factors.getByText('Work laptop', { exact: true })).toBeVisible();
  // Whoever came by a link had no recovery codes: they come with the first passkey.
  await expect(factors.getByText('Keep your recovery codes')).toBeVisible();
  await shot(page, 'clinic-passkey-added');

  // The same device twice is one too many.
  await factors.getByRole('textbox', { name: 'Name of the new passkey' }).fill('Again');
  await factors.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(factors.getByText('This device has a passkey of yours already.')).toBeVisible();

  await factors.getByRole('button', { name: 'Remove Work laptop' }).click();
  await factors.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(factors.getByText(/This is your only second step/)).toBeVisible();

  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(page.getByText('You are signed out.')).toBeVisible();

  // A finger that is not the owner's.
  await setVerified(false);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByText(/No passkey was used/)).toBeVisible();
  await setVerified(true);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByText('Alex Morgan').first()).toBeVisible();
  await clinic.close();
});
