/** Two people talk past the server, and a third one comes. */
import { expect, test, type Page } from '@playwright/test';
import { Demo, browser, clinicianSignsIn, guestWaits, inviteFrom, person, pictures, shot, toneAboveFloor, wav } from './bedside';
import { Two, addressesSeen, chosenWay, longestStale, path, watchStale } from './two';

const demo = new Demo();
test.beforeAll(() => demo.start('--direct-calls', 'auto'));
test.afterAll(() => demo.dispose());

interface Ways {
  /** Frames decoded and sound heard on the connection to the server and on the direct one. */
  server: { frames: number; sent: number };
  direct: { frames: number; sent: number; local: string } | null;
}

/** What goes over each of the page's live connections. The direct one receives on a line it sends on. */
function ways(page: Page): Promise<Ways> {
  return page.evaluate(async () => {
    const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
    const result: Ways = { server: { frames: 0, sent: 0 }, direct: null };
    for (const peer of peers.filter((p) => p.connectionState === 'connected')) {
      const both = peer.getTransceivers().some((t) => t.direction === 'sendrecv');
      const sum = { frames: 0, sent: 0, local: '' };
      (await peer.getStats()).forEach((s: Record<string, unknown>) => {
        if (s.type === 'inbound-rtp' && s.kind === 'video') sum.frames += Number(s.framesDecoded ?? 0);
        if (s.type === 'outbound-rtp' && s.kind === 'video') sum.sent += Number(s.packetsSent ?? 0);
        if (s.type === 'local-candidate') sum.local = String(s.candidateType);
      });
      if (both) result.direct = sum;
      else result.server = sum;
    }
    return result;
  });
}

test('two talk directly; a third comes and nobody sees a standing picture', async () => {
  const [clinic, home] = await Promise.all([
    browser(wav(demo.folder, 'silence.wav', false)),
    browser(wav(demo.folder, 'tone.wav', true)),
  ]);
  const clinician = await person(clinic);
  const patient = await person(home, { width: 390, height: 844 });

  await test.step('the text of consent says that an address is seen', async () => {
    await clinicianSignsIn(clinician, demo);
    await guestWaits(patient, demo.addresses.patient, undefined, async () => {
      await expect(patient.getByText('or directly between our two devices', { exact: false })).toBeVisible();
    });
  });

  await test.step('let in, the two find a direct way, and the server rests', async () => {
    await clinician.getByRole('button', { name: 'Admit' }).first().click();
    await clinician.getByRole('button', { name: 'Settings' }).click();
    await patient.getByRole('button', { name: 'Settings' }).click();
    await expect.poll(() => path(clinician), { timeout: 30_000 }).toBe('direct');
    await expect.poll(() => path(patient)).toBe('direct');
    await shot(patient, 'patient-direct');
    await shot(clinician, 'clinic-direct');
    for (const page of [clinician, patient]) {
      await page.keyboard.press('Escape');
      await expect.poll(async () => (await ways(page)).direct?.frames).toBeGreaterThanOrEqual(50);
      const before = await ways(page);
      await expect.poll(async () => ((await ways(page)).direct?.frames ?? 0) - (before.direct?.frames ?? 0)).toBeGreaterThan(30);
      const after = await ways(page);
      expect(after.server.frames, 'nothing comes from the server').toBe(before.server.frames);
      expect(after.server.sent, 'nothing goes to the server').toBe(before.server.sent);
      expect(after.direct?.local).not.toBe('relay');
    }
    expect(await toneAboveFloor(clinician, 'direct')).toBeGreaterThanOrEqual(30);
  });

  await test.step('a third person comes: everything goes through the server, and no picture stands still', async () => {
    await clinician.getByRole('button', { name: 'People' }).click();
    const link = await inviteFrom(clinician, 'Interpreter', 'Inez Fuentes');
    const interpreter = await person(clinic);
    await guestWaits(interpreter, link);
    expect((await ways(patient)).direct, 'who waits changes nothing').not.toBeNull();
    await watchStale(clinician);
    await watchStale(patient);
    await clinician.getByRole('button', { name: 'Admit Inez Fuentes' }).first().click();
    for (const page of [clinician, patient]) {
      await expect.poll(async () => (await ways(page)).direct, { timeout: 20_000 }).toBeNull();
      await expect.poll(() => pictures(page)).toBeGreaterThanOrEqual(3);
      const stale = await longestStale(page);
      test.info().annotations.push({ type: 'longest standing picture, ms', description: stale.toFixed(0) });
      expect(stale).toBeLessThanOrEqual(1_000);
    }
    await interpreter.getByRole('button', { name: 'Leave' }).click();
    await interpreter.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
    await interpreter.context().close();
  });

  await test.step('alone again they find it again; when it breaks, the server goes on', async () => {
    await expect.poll(async () => (await ways(patient)).direct?.frames ?? 0, { timeout: 30_000 }).toBeGreaterThan(20);
    await expect.poll(async () => (await ways(clinician)).direct?.frames ?? 0).toBeGreaterThan(20);
    await watchStale(clinician);
    await patient.evaluate(() => {
      const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
      const way = peers.find(
        (p) => p.connectionState === 'connected' && p.getTransceivers().some((t) => t.direction === 'sendrecv'),
      );
      way?.close();
    });
    await expect.poll(async () => (await ways(clinician)).direct).toBeNull();
    for (const page of [clinician, patient]) {
      const { frames } = (await ways(page)).server;
      await expect.poll(async () => (await ways(page)).server.frames).toBeGreaterThan(frames + 30);
    }
    const stale = await longestStale(clinician);
    test.info().annotations.push({ type: 'standing picture after a break, ms', description: stale.toFixed(0) });
    expect(stale).toBeLessThanOrEqual(2_000);
  });
  await Promise.all([clinic.close(), home.close()]);
});

test('over the relay alone neither page learns an address of the other', async () => {
  await Two.run(
    async (two) => {
      await two.join();
      for (const page of [two.clinician, two.patient]) await page.getByRole('button', { name: 'Settings' }).click();
      for (const page of [two.clinician, two.patient]) {
        await expect.poll(() => path(page), { timeout: 40_000 }).toBe('relayed');
        await expect.poll(async () => (await ways(page)).direct?.frames).toBeGreaterThanOrEqual(50);
        expect((await chosenWay(page, 'direct'))?.mine).toBe('relay');
        // No machine has this address, and it is the only one.
        expect(await addressesSeen(page)).toEqual(['192.0.0.8']);
      }
      await shot(two.patient, 'patient-relayed');
    },
    { server: ['--direct-calls', 'always_relay'] },
  );
});
