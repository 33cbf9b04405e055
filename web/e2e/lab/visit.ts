/** A visit in a lab: the real program, a clinician and a patient, each in a network of their own. */
import { type Browser, type Page, expect, test } from '@playwright/test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Demo, clinicianSignsIn, guestWaits, media, person, smallPicture, wav } from '../bedside';
import { type Host, Lab } from './lab';

/** The access of a host: interfaces with the words of a profile. */
export type Access = readonly string[];

export interface Networks {
  clinician: Access;
  patient: Access;
  /** What the patient's microphone plays; a tone if absent. */
  speech?: string;
  /** Done to the hosts before anybody opens a page. */
  prepare?(visit: LabVisit): Promise<unknown>;
}

/** A measured figure: shown at once, and kept with the test. */
export function figure(text: string): void {
  test.info().annotations.push({ type: 'measured', description: text });
  process.stdout.write(`  measured: ${text}\n`);
}

/** Frames and packets that count as seen and heard. */
const ENOUGH = 50;
const PATIENCE = { timeout: 60_000 };

/** A visit in which both are inside, or on their way there. */
export class LabVisit {
  readonly browsers: Browser[] = [];
  server!: Demo;
  clinicianHost!: Host;
  patientHost!: Host;
  clinician!: Page;
  patient!: Page;

  private constructor(readonly lab: Lab) {}

  /** Runs `job` in a visit with these networks, and takes everything down. */
  static async run(networks: Networks, job: (visit: LabVisit) => Promise<void>): Promise<void> {
    const visit = new LabVisit(await Lab.start());
    try {
      await visit.#open(networks);
      await job(visit);
    } finally {
      await Promise.all(visit.browsers.map((one) => one.close()));
      await visit.server?.dispose();
      await visit.lab.dispose();
    }
  }

  /** From the links to the call. */
  async join(): Promise<void> {
    await clinicianSignsIn(this.clinician, this.server);
    await guestWaits(this.patient, this.server.addresses.patient);
    await this.clinician.getByRole('button', { name: 'Admit Alex Morgan' }).first().click();
  }

  /** Both see and hear each other. */
  async expectBothWays(): Promise<void> {
    for (const page of [this.clinician, this.patient]) {
      await expect.poll(async () => (await media(page)).pictures[0] ?? 0, PATIENCE).toBeGreaterThanOrEqual(ENOUGH);
      await expect.poll(async () => (await media(page)).sounds[0] ?? 0, PATIENCE).toBeGreaterThanOrEqual(ENOUGH);
    }
  }

  async #open({ clinician, patient, speech, prepare }: Networks): Promise<void> {
    const { lab } = this;
    const host = await lab.host('server', 'net0=open');
    this.clinicianHost = await lab.host('clinician', ...clinician);
    this.patientHost = await lab.host('patient', ...patient);
    await prepare?.(this);
    const data = join(lab.folder, 'server');
    mkdirSync(data);
    this.server = new Demo(data, host.enter);
    await this.server.start();
    const { addresses } = this.server;
    const link = addresses.patient_lan;
    if (link === undefined) throw new Error('the server found no address of its own');
    addresses.clinician = addresses.clinician.replace(new URL(addresses.clinician).origin, new URL(link).origin);
    addresses.patient = link;

    const tone = wav(lab.folder, 'tone.wav', true);
    const picture = smallPicture(lab.folder);
    this.browsers.push(await this.clinicianHost.browser(tone, picture));
    this.browsers.push(await this.patientHost.browser(speech ?? tone, picture));
    // The recorder of the tests brings a module of its own, which the page's policy would refuse.
    const more = { bypassCSP: true, ignoreHTTPSErrors: true };
    this.clinician = await person(this.browsers[0]!, { width: 1000, height: 640 }, more);
    this.patient = await person(this.browsers[1]!, { width: 390, height: 844 }, more);
  }
}

/** How a page's live connection goes: what its chosen way goes over. */
export async function way(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
    const report = await peers.findLast((p) => p.connectionState === 'connected')?.getStats();
    const entries = new Map<unknown, Record<string, unknown>>();
    report?.forEach((s: Record<string, unknown>) => entries.set(s.id, s));
    const transport = [...entries.values()].find((s) => s.type === 'transport');
    const pair = entries.get(transport?.selectedCandidatePairId);
    const mine = entries.get(pair?.localCandidateId);
    if (mine?.candidateType === 'relay') return `relay/${String(mine.relayProtocol)}`;
    return String(entries.get(pair?.remoteCandidateId)?.protocol ?? 'none');
  });
}
