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
  /** What the clinician's goes over, if that is to be looked at. */
  clinicianOver?: string;
  /** Where the pages are, if that matters. */
  httpsPort?: number;
  /** Part of the short run. */
  short?: true;
}

const HOME = ['wlan0=home-nat,home'];
/** A hospital's network: only TCP to port 443 leaves it. */
const WEB_ONLY = ['net0=home-nat,home,tcp443'];
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
  // The browser sees its checks answered over UDP, and has to find out that nothing else is.
  { name: 'DTLS over UDP blocked', clinician: HOME, patient: ['net0=home-nat,home,dtls-blocked'], over: 'tcp', short: true },
  {
    name: 'only port 443, at one end',
    clinician: HOME,
    patient: WEB_ONLY,
    over: 'relay/tls',
    clinicianOver: 'udp',
    httpsPort: 443,
    short: true,
  },
  {
    name: 'only port 443, at both ends',
    clinician: WEB_ONLY,
    patient: WEB_ONLY,
    over: 'relay/tls',
    clinicianOver: 'relay/tls',
    httpsPort: 443,
  },
];

for (const { name, over, clinicianOver, short, ...networks } of ROWS) {
  test(`${name}: seen and heard both ways`, { tag: short ? ['@short'] : [] }, async () => {
    await LabVisit.in(networks, async (visit) => {
      await visit.join();
      await visit.expectBothWays();
      const [atClinic, atHome] = await Promise.all([toneAboveFloor(visit.clinician), toneAboveFloor(visit.patient)]);
      expect(atClinic).toBeGreaterThanOrEqual(30);
      expect(atHome).toBeGreaterThanOrEqual(30);
      const went = await way(visit.patient);
      figure(`${name}: over ${went}, tone ${Math.round(atClinic)} and ${Math.round(atHome)} dB above the floor`);
      expect(went).toBe(over);
      if (clinicianOver !== undefined) expect(await way(visit.clinician)).toBe(clinicianOver);
      // The traffic went through the lab, and nowhere else.
      const { up, down } = await visit.patientHost.counters(0);
      expect(Math.min(up, down)).toBeGreaterThan(100);
    });
  });
}
