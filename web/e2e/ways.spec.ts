/** Which ways of audio and video work: the page of a network check, and a patient's own check. */
import { expect, test } from '@playwright/test';
import { NO_UDP, checkLink, clinicianSignsIn, guestWaits, shot } from './bedside';
import { Two } from './two';

const blocked = () => [NO_UDP];

test('the link of a check says what gets through, without sign-in, and what does not', async () => {
  await Two.run(async ({ server, clinician: good, patient: slower }) => {
    const link = checkLink(server);
    await good.goto(link);
    await expect(good.getByRole('heading', { name: 'Audio and video get through', exact: true })).toBeVisible();
    for (const way of ['Direct, UDP', 'Direct, TCP', 'Signalling']) {
      await expect(good.getByRole('listitem').filter({ hasText: way })).toContainText('works');
    }
    expect(new URL(good.url()).hash, 'the key is not left in the address bar').toBe('');
    await shot(good, 'network-check-good');

    await slower.goto(link);
    await expect(slower.getByRole('heading', { name: 'but not by the best way' })).toBeVisible();
    await expect(slower.getByText('This browser, or one of its extensions, blocks it.')).toBeVisible();
    await shot(slower, 'network-check-slower');

    await good.goto('about:blank');
    await good.goto(`${link.slice(0, -1)}${link.endsWith('A') ? 'B' : 'A'}`);
    await expect(good.getByRole('heading', { name: 'This link has ended' })).toBeVisible();
  }, { patient: blocked });
});

test('the clinician sees that the way of a patient blocks UDP', async () => {
  await Two.run(async ({ server, clinician, patient }) => {
    await clinicianSignsIn(clinician, server);
    await guestWaits(patient, server.addresses.patient, async () => {
      await expect(patient.getByText('This network holds back the fast way for audio and video.')).toBeVisible();
    });
    await expect(clinician.getByText('Their network blocks UDP').first()).toBeVisible();
  }, { patient: blocked });
});
