/** A network that changes under a visit: sound is back by itself, and nobody presses anything. */
import { expect, test, type Page } from '@playwright/test';
import { backAfter, heard, record, recordUntil, recordedSeconds, recording, tone } from './sound';
import { LabVisit, figure } from './visit';

const WIFI = 'wlan0=home-nat,home';
const CELL = 'cell0=carrier-nat,cellular';
/** Recorded before a change and after it, in seconds. */
const [BEFORE_S, AFTER_S] = [3, 12];

interface Change {
  name: string;
  /** The patient's other network is off before. */
  alone: boolean;
  /** Sound has to be back at both ends after so long, in seconds. */
  withinS: number;
  change(visit: LabVisit): Promise<unknown>;
}

const CHANGES: readonly Change[] = [
  { name: 'Wi-Fi to cellular, both at hand', alone: false, withinS: 2, change: (visit) => visit.patientHost.swap(1) },
  {
    // The browser itself takes two seconds to tell its media part of an address that is new.
    name: 'Wi-Fi to cellular, which comes up only then',
    alone: true,
    withinS: 5,
    change: (visit) => visit.patientHost.swap(1),
  },
  { name: 'another address at the same NAT', alone: true, withinS: 2, change: (visit) => visit.patientHost.rebind(0) },
  {
    name: 'UDP is blocked from now on',
    alone: true,
    withinS: 5,
    change: (visit) => visit.patientHost.firewall(0, 'udp-blocked'),
  },
];

/** How long a page was without sound after the change, which came at `from` of its recording; seconds. */
async function silentAfter(page: Page, from: number): Promise<number | null> {
  await recordUntil(page, from + AFTER_S);
  const windows = heard(tone(await recording(page)));
  const before = windows.slice(-Math.round((AFTER_S + 2) * 50), -Math.round(AFTER_S * 50));
  expect(before.filter(Boolean).length, 'it was heard before').toBeGreaterThan(before.length / 2);
  return backAfter(windows, from);
}

for (const { name, alone, withinS, change } of CHANGES) {
  test(`${name}: sound is back`, async () => {
    const prepare = alone ? { prepare: (visit: LabVisit) => visit.patientHost.interface(1, 'down') } : {};
    await LabVisit.in({ clinician: ['net0=open'], patient: [WIFI, CELL], ...prepare }, async (visit) => {
      await visit.join();
      await visit.expectBothWays();
      const ends = [visit.clinician, visit.patient];
      await Promise.all(ends.map((page) => record(page)));
      await Promise.all(ends.map((page) => recordUntil(page, BEFORE_S)));
      const places = await Promise.all(ends.map((page) => recordedSeconds(page)));
      await change(visit);
      const [clinic, home] = await Promise.all(ends.map((page, n) => silentAfter(page, places[n] ?? 0)));
      figure(`${name}: sound is back at the clinic after ${clinic?.toFixed(2)} s, at home after ${home?.toFixed(2)} s`);
      await expect(visit.patient.getByRole('button', { name: 'Leave' })).toBeVisible();
      expect(clinic ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(withinS);
      expect(home ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(withinS);
    });
  });
}
