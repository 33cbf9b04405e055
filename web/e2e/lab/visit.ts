/** A visit in a lab: the real program, a clinician and a patient, each in a network of their own. */
import { type Page, test } from '@playwright/test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Demo, type Picture, movingPicture, person, wav } from '../bedside';
import { Two, type Which, chosenWay } from '../two';
import { type Host, Lab } from './lab';

/** The access of a host: interfaces with the words of a profile. */
export type Access = readonly string[];

export interface Networks {
  clinician: Access;
  patient: Access;
  /** What the patient's microphone plays; a tone if absent. */
  speech?: string;
  /** Of both cameras, small if absent: more costs a busy machine much, and is looked at by few tests. */
  picture?: Picture;
  /** More words for the demo. */
  server?: readonly string[];
  /** Where the demo serves the pages; any port if absent. */
  httpsPort?: number;
  /** Done to the hosts before anybody opens a page. */
  prepare?(visit: LabVisit): Promise<unknown>;
}

/** A measured figure: shown at once, and kept with the test. */
export function figure(text: string): void {
  test.info().annotations.push({ type: 'measured', description: text });
  process.stdout.write(`  measured: ${text}\n`);
}

/** A visit in which both are inside, or on their way there. */
export class LabVisit extends Two {
  clinicianHost!: Host;
  patientHost!: Host;

  private constructor(readonly lab: Lab) {
    super();
  }

  /** Runs `job` in a visit with these networks, and takes everything down. */
  static async in(networks: Networks, job: (visit: LabVisit) => Promise<void>): Promise<void> {
    const visit = new LabVisit(await Lab.start());
    try {
      await visit.#open(networks);
      await job(visit);
    } finally {
      await visit.close();
      await visit.lab.dispose();
    }
  }

  async #open({ clinician, patient, speech, prepare, picture, server = [], httpsPort }: Networks): Promise<void> {
    const { lab } = this;
    const host = await lab.host('server', 'net0=open');
    this.clinicianHost = await lab.host('clinician', ...clinician);
    this.patientHost = await lab.host('patient', ...patient);
    await prepare?.(this);
    const data = join(lab.folder, 'server');
    mkdirSync(data);
    this.server = new Demo(data, host.enterFirst, httpsPort);
    await this.server.start(...server);
    const { addresses } = this.server;
    const link = addresses.patient_lan;
    if (link === undefined) throw new Error('the server found no address of its own');
    addresses.clinician = addresses.clinician.replace(new URL(addresses.clinician).origin, new URL(link).origin);
    addresses.patient = link;

    const tone = wav(lab.folder, 'tone.wav', true);
    const camera = movingPicture(lab.folder, picture);
    this.browsers.push(await this.clinicianHost.browser(tone, camera));
    this.browsers.push(await this.patientHost.browser(speech ?? tone, camera));
    // The recorder of the tests brings a module of its own, which the page's policy would refuse.
    const more = { bypassCSP: true, ignoreHTTPSErrors: true };
    this.clinician = await person(this.browsers[0]!, { width: 1000, height: 640 }, more);
    this.patient = await person(this.browsers[1]!, { width: 390, height: 844 }, more);
  }
}

/** How a page's live connection goes, in a word: `relay/tls`, `udp`, `tcp`. */
export async function way(page: Page, which: Which = 'server'): Promise<string> {
  const chosen = await chosenWay(page, which);
  return chosen?.mine === 'relay' ? `relay/${chosen.relay}` : (chosen?.protocol ?? 'none');
}
