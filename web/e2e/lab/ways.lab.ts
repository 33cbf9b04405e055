/** The network check, in networks that let everything out and in one that holds UDP back. */
import { expect, test } from '@playwright/test';
import { checkLink, guestWaits } from '../bedside';
import { LabVisit } from './visit';

const PATIENCE = { timeout: 60_000 };

test('the check names the network that blocks UDP, with the rule that opens it', { tag: ['@short'] }, async () => {
  const networks = { clinician: ['wlan0=home-nat,home'], patient: ['net0=home-nat,home,udp-blocked'] };
  await LabVisit.in(networks, async (visit) => {
    const link = checkLink(visit.server);
    const { clinician, patient } = visit;
    await clinician.goto(link);
    await expect(clinician.getByRole('heading', { name: 'Audio and video get through', exact: true })).toBeVisible(PATIENCE);

    // Others came through by UDP, so it is this network.
    await patient.goto(link);
    await expect(patient.getByRole('heading', { name: 'but not by the best way' })).toBeVisible(PATIENCE);
    const direct = patient.getByRole('listitem').filter({ hasText: 'Direct, UDP' });
    await expect(direct.filter({ hasText: 'A firewall of this network blocks it.' })).toBeVisible();
    const server = new URL(link).hostname;
    await expect(patient.getByText(`Allow outgoing UDP to ${server} port `)).toBeVisible();
    expect((await visit.patientHost.counters(0)).firewall).toBeGreaterThan(0);

    // The check of a patient's own device comes to the same.
    await guestWaits(patient, visit.server.addresses.patient, async () => {
      await expect(patient.getByText('This network holds back the fast way for audio and video.')).toBeVisible(PATIENCE);
    });
  });
});
