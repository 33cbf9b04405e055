/** Every kind of network that a patient comes from: both see and hear each other. */
import { expect, test } from '@playwright/test';
import { toneAboveFloor } from '../bedside';
import { type Access, LabVisit, figure, way } from './visit';

interface Row {
  name: string;
  clinician: Access;
  patient: Access;
  /** What the patient's media goes over. */
  over: string;
  /** Part of the short run. */
  short?: true;
}

const HOME = ['wlan0=home-nat,home'];
const ROWS: readonly Row[] = [
  { name: 'open', clinician: ['net0=open'], patient: ['net0=open'], over: 'udp' },
  { name: 'home NAT', clinician: HOME, patient: HOME, over: 'udp' },
  {
    name: 'symmetric NAT at both ends',
    clinician: ['net0=symmetric,home'],
    patient: ['cell0=carrier-nat,cellular'],
    over: 'udp',
    short: true,
  },
  { name: 'UDP blocked', clinician: HOME, patient: ['net0=home-nat,home,udp-blocked'], over: 'tcp', short: true },
];

for (const { name, clinician, patient, over, short } of ROWS) {
  test(`${name}: seen and heard both ways`, { tag: short ? ['@short'] : [] }, async () => {
    await LabVisit.run({ clinician, patient }, async (visit) => {
      await visit.join();
      await visit.expectBothWays();
      const [atClinic, atHome] = await Promise.all([toneAboveFloor(visit.clinician), toneAboveFloor(visit.patient)]);
      expect(atClinic).toBeGreaterThanOrEqual(30);
      expect(atHome).toBeGreaterThanOrEqual(30);
      const went = await way(visit.patient);
      figure(`${name}: over ${went}, tone ${Math.round(atClinic)} and ${Math.round(atHome)} dB above the floor`);
      expect(went).toBe(over);
      // The traffic went through the lab, and nowhere else.
      const { up, down } = await visit.patientHost.counters(0);
      expect(Math.min(up, down)).toBeGreaterThan(100);
    });
  });
}
