/** Speech over networks that lose packets: measured by what is left of it for the listener. */
import { expect, test } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { record, recordUntil, recordedSeconds, recording, save } from './sound';
import { LabVisit, figure } from './visit';

const here = dirname(fileURLToPath(import.meta.url));
const stoi = process.env.STOI ?? join(here, '../../../target/release/stoi');
const kept = join(here, '../output/speech');
/** What the patient says, again and again. */
const WORDS =
  'Please take one tablet every morning with a glass of water. Call the clinic at once if the swelling comes back. ' +
  'How long has your left knee been hurting at night? We will look at the results together on Thursday.';
/** Speech that is measured, in seconds. */
const LISTEN_S = 30;

/** A spoken clip in this folder. */
function spoken(folder: string): string {
  const path = join(folder, 'speech.wav');
  execFileSync('espeak-ng', ['-v', 'en-us', '-s', '150', '-w', path, WORDS]);
  return path;
}

interface Line {
  name: string;
  /** The patient's access. */
  access: string;
  /** The least that has to be left: 0.75 is nearly every word of a sentence. */
  least: number;
}

const LINES: readonly Line[] = [
  { name: 'nothing lost', access: 'net0=home-nat,home', least: 0.85 },
  { name: '10 % lost in bursts, 80 ms each way', access: 'net0=home-nat,burst10,delay80', least: 0.75 },
];

for (const { name, access, least } of LINES) {
  test(`speech with ${name} is understood`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bedside-speech-'));
    try {
      const speech = spoken(folder);
      await LabVisit.in({ clinician: ['net0=open'], patient: [access], speech }, async (visit) => {
        await visit.join();
        await visit.expectBothWays();
        await record(visit.clinician);
        await recordUntil(visit.clinician, (await recordedSeconds(visit.clinician)) + LISTEN_S);
        mkdirSync(kept, { recursive: true });
        const heard = join(kept, `${name.replace(/\W+/g, '-')}.wav`);
        save(await recording(visit.clinician), heard);
        const found = execFileSync(stoi, [speech, heard]).toString();
        const [score = 0, placed = 0, seconds = 0] = found.split(' ').map(Number);
        figure(`speech with ${name}: STOI ${score} over ${seconds} s, ${placed * 100} % of it placed`);
        expect(placed).toBeGreaterThanOrEqual(0.8);
        expect(score).toBeGreaterThanOrEqual(least);
        await expect(visit.patient.getByRole('button', { name: 'Leave' })).toBeVisible();
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
