/**
 * What a person hears: records the sound that a page receives, and measures it. Owns the recorder
 * and the measures. The recording has the clock of the sound card, so a busy page does not bend it.
 */
import type { Page } from '@playwright/test';
import { writeFileSync } from 'node:fs';

/** Samples per second of recordings. */
export const RATE_HZ = 16_000;
/** The tone that fake microphones play, see `wav`. */
const TONE_HZ = 1_000;
/** A look at the tone, in seconds: fine enough for gaps that a person notices. */
const WINDOW_S = 0.02;
/** The tone is back when it was there for so long, but for single windows, in seconds. */
const STEADY_S = 0.5;

interface Recorder {
  chunks: Float32Array[];
  context: AudioContext;
}

/** Starts to record everything that the page's connections receive, new ones included. */
export async function record(page: Page): Promise<void> {
  await page.evaluate(async (sampleRate) => {
    const context = new AudioContext({ sampleRate });
    const code = `registerProcessor('keep', class extends AudioWorkletProcessor {
      process([input]) {
        this.port.postMessage(input[0] ? input[0].slice() : new Float32Array(128));
        return true;
      }
    })`;
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
    const chunks: Float32Array[] = [];
    const keep = new AudioWorkletNode(context, 'keep', { channelCount: 1, channelCountMode: 'explicit' });
    keep.port.addEventListener('message', (event) => chunks.push(event.data as Float32Array));
    keep.port.start();
    keep.connect(context.destination);
    const known = new Set<MediaStreamTrack>();
    const look = () => {
      for (const peer of (window as unknown as { peers: RTCPeerConnection[] }).peers) {
        for (const { track } of peer.getReceivers()) {
          if (track.kind !== 'audio' || known.has(track) || peer.connectionState === 'closed') continue;
          known.add(track);
          context.createMediaStreamSource(new MediaStream([track])).connect(keep);
        }
      }
    };
    look();
    setInterval(look, 50);
    (window as unknown as { recorder: Recorder }).recorder = { chunks, context };
  }, RATE_HZ);
}

/** Where the recording stands, in seconds. */
export function recordedSeconds(page: Page): Promise<number> {
  return page.evaluate((rate) => {
    const { chunks } = (window as unknown as { recorder: Recorder }).recorder;
    return (chunks.length * 128) / rate;
  }, RATE_HZ);
}

/** Waits until the recording is so long. */
export async function recordUntil(page: Page, seconds: number): Promise<void> {
  await page.waitForFunction(
    ({ samples }) => (window as unknown as { recorder: Recorder }).recorder.chunks.length * 128 >= samples,
    { samples: seconds * RATE_HZ },
    { timeout: (seconds + 60) * 1_000 },
  );
}

/** Everything recorded so far. */
export async function recording(page: Page): Promise<Int16Array> {
  const text = await page.evaluate(() => {
    const { chunks } = (window as unknown as { recorder: Recorder }).recorder;
    const samples = new Int16Array(chunks.length * 128);
    chunks.forEach((chunk, n) =>
      chunk.forEach((value, at) => (samples[n * 128 + at] = Math.max(-1, Math.min(1, value)) * 32_767)),
    );
    const bytes = new Uint8Array(samples.buffer);
    let binary = '';
    for (let at = 0; at < bytes.length; at += 0x8000) {
      binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    }
    return btoa(binary);
  });
  const bytes = Buffer.from(text, 'base64');
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Writes a recording as a 16-bit mono WAV. */
export function save(samples: Int16Array, path: string): void {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE_HZ, 24);
  head.writeUInt32LE(RATE_HZ * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.byteLength, 40);
  writeFileSync(path, Buffer.concat([head, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)]));
}

/** In each window: how strong the tone is, as an amplitude of 16-bit samples. */
export function tone(samples: Int16Array): number[] {
  const size = RATE_HZ * WINDOW_S;
  const turn = 2 * Math.cos((2 * Math.PI * TONE_HZ) / RATE_HZ);
  const strengths: number[] = [];
  for (let from = 0; from + size <= samples.length; from += size) {
    // Goertzel's recurrence; the window holds whole periods of the tone.
    let [one, two] = [0, 0];
    for (let at = from; at < from + size; at += 1) [one, two] = [samples[at]! + turn * one - two, one];
    strengths.push((2 * Math.sqrt(Math.max(0, one * one + two * two - turn * one * two))) / size);
  }
  return strengths;
}

/** Whether the tone is heard in each window: within 20 dB of its usual strength. */
export function heard(strengths: readonly number[]): boolean[] {
  const loud = strengths.filter((strength) => strength > 30).sort((a, b) => a - b);
  const usual = loud[loud.length >> 1] ?? Number.POSITIVE_INFINITY;
  return strengths.map((strength) => strength > usual / 10);
}

/** How long after `fromS` the tone is steady for good, in seconds; `null` if it never is. */
export function backAfter(windows: readonly boolean[], fromS: number): number | null {
  const steady = STEADY_S / WINDOW_S;
  const first = Math.floor(fromS / WINDOW_S);
  for (let at = windows.length - 1, since = windows.length; at >= first; at -= 1) {
    if (windows[at]) continue;
    // Concealment of single lost packets is no gap.
    const gap = !windows[at - 1] && !windows[at - 2];
    if (gap) {
      since = at + 1;
      return windows.length - since >= steady ? Math.max(0, since - first) * WINDOW_S : null;
    }
  }
  return windows.length - first >= steady ? 0 : null;
}
