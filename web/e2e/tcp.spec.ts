/** A network that lets no UDP out: the call goes over TCP to the same port. */
import { expect, test, type Page } from '@playwright/test';
import { Demo, browser, clinicianSignsIn, guestWaits, media, person } from './bedside';

/** Chromium then uses no UDP for media, as if the network let none out. */
const NO_UDP = '--webrtc-ip-handling-policy=disable_non_proxied_udp';

/** What the chosen way of the page's live connection goes over. */
async function wire(page: Page): Promise<string | undefined> {
  return page.evaluate(async () => {
    const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
    const report = await peers.findLast((p) => p.connectionState === 'connected')?.getStats();
    const entries = new Map<unknown, Record<string, unknown>>();
    report?.forEach((s: Record<string, unknown>) => entries.set(s.id, s));
    const transport = [...entries.values()].find((s) => s.type === 'transport');
    const pair = entries.get(transport?.selectedCandidatePairId);
    return entries.get(pair?.remoteCandidateId)?.protocol as string | undefined;
  });
}

test('a patient whose network blocks UDP sees and is seen, over TCP', async () => {
  const demo = new Demo();
  await demo.start();
  const open = await browser();
  const blocked = await browser(undefined, undefined, NO_UDP);
  try {
    const clinician = await person(open);
    await clinicianSignsIn(clinician, demo);
    const patient = await person(blocked);
    await guestWaits(patient, demo.addresses.patient);
    await clinician.getByRole('button', { name: 'Admit Alex Morgan' }).first().click();
    for (const page of [clinician, patient]) {
      await expect.poll(async () => (await media(page)).pictures[0] ?? 0).toBeGreaterThanOrEqual(50);
    }
    expect(await wire(patient)).toBe('tcp');
    expect(await wire(clinician)).toBe('udp');
  } finally {
    await open.close();
    await blocked.close();
    await demo.dispose();
  }
});
