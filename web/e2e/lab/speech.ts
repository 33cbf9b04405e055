/** Speech in a visit of a lab: what is said, and how much of it is left for the listener. */
import type { Page } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { record, recordUntil, recordedSeconds, recording, save } from './sound';

const here = dirname(fileURLToPath(import.meta.url));
const stoi = process.env.STOI ?? join(here, '../../../target/release/stoi');
const kept = join(here, '../output/speech');
/** What the patient says, again and again. */
const WORDS =
  'Please take one tablet every morning with a glass of water. Call the clinic at once if the swelling comes back. ' +
  'How long has your left knee been hurting at night? We will look at the results together on Thursday.';
/** Runs `job` with a spoken clip for a microphone. */
export async function speaking(job: (speech: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bedside-speech-'));
  try {
    const path = join(folder, 'speech.wav');
    execFileSync('espeak-ng', ['-v', 'en-us', '-s', '150', '-w', path, WORDS]);
    await job(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is left of the speech. */
export interface Heard {
  /** Short-time objective intelligibility; 1 is all. */
  score: number;
  /** Share of the recording that could be placed in what was said. */
  placed: number;
  seconds: number;
}

/** Listens at a page for so many seconds, and keeps the recording under this name. */
export async function listen(page: Page, speech: string, name: string, lengthS = 30): Promise<Heard> {
  await record(page);
  await recordUntil(page, (await recordedSeconds(page)) + lengthS);
  mkdirSync(kept, { recursive: true });
  const heard = join(kept, `${name.replace(/\W+/g, '-')}.wav`);
  save(await recording(page), heard);
  const found = execFileSync(stoi, [speech, heard]).toString();
  const [score = 0, placed = 0, seconds = 0] = found.split(' ').map(Number);
  return { score, placed, seconds };
}
