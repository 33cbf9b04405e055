/** Starts the program as a newcomer would, and gives browsers with fake devices. */
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page, chromium, expect } from '@playwright/test';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
/** The program. */
export const program = process.env.BEDSIDE ?? join(here, '../../target/release/bedside');
const shots = join(here, 'output/screens');
/** The browser of the tests. */
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** A switch of Chromium: it then uses no UDP for media, as if the network let none out. */
export const NO_UDP = '--webrtc-ip-handling-policy=disable_non_proxied_udp';

export interface Addresses {
  clinician: string;
  patient: string;
  /** The patient's link for other machines, where this one has a network. */
  patient_lan?: string;
  visit: string;
}

/** A running demo with its own data folder. */
export class Demo {
  #process: ChildProcess | null = null;
  output = '';
  addresses: Addresses = { clinician: '', patient: '', visit: '' };

  readonly #http = 20_000 + Math.floor(Math.random() * 20_000);
  /** Where it serves other devices, over TLS. */
  readonly httpsPort: number;
  /** Where its relay listens, over UDP and TCP; behind the ports of the media. */
  readonly relayPort = this.#http + 40;

  /** `enter` stands before the command, for a program in a network of its own. */
  constructor(
    readonly folder = mkdtempSync(join(tmpdir(), 'bedside-e2e-')),
    readonly enter: readonly string[] = [],
    httpsPort?: number,
  ) {
    this.httpsPort = httpsPort ?? this.#http + 1;
  }

  /** Starts it and waits until it says that it is ready. A second start takes the same ports. */
  async start(...more: string[]): Promise<void> {
    const args = ['demo', '--json', '--data', this.folder];
    args.push('--port', String(this.#http), '--https-port', String(this.httpsPort));
    args.push('--udp-port', String(this.#http + 2));
    args.push('--relay-port', String(this.relayPort), ...more);
    const [command = program, ...words] = [...this.enter, program, ...args];
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      let line = '';
      child.stdout.on('data', (bytes: Buffer) => {
        this.output += bytes.toString();
        line += bytes.toString();
        for (const text of line.split('\n')) {
          if (text.startsWith('{') && text.endsWith('}')) {
            this.addresses = JSON.parse(text) as Addresses;
            resolve();
          }
        }
      });
      child.stderr.on('data', (bytes: Buffer) => (this.output += bytes.toString()));
      child.on('exit', (code) => reject(new Error(`the demo ended (${code}): ${this.output}`)));
    });
  }

  /** Ends it: in order, or as if the power were gone. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null) return;
    child.removeAllListeners('exit');
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  async dispose(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The link of a network check, as the console prints it for the clinic whose data the demo uses. */
export function checkLink(demo: Demo): string {
  const settings = join(demo.folder, 'check.toml');
  const lines = [
    '[clinic]',
    'name = "Demo"',
    '[web]',
    'domain = "localhost"',
    '[web.certificate]',
    'from = "acme"',
    'contact = "it@clinic.example"',
    '[data]',
    `database = ${JSON.stringify(`sqlite:${join(demo.folder, 'bedside.db')}`)}`,
    `keyring = ${JSON.stringify(join(demo.folder, 'keyring.json'))}`,
  ];
  writeFileSync(settings, lines.join('\n'));
  const printed = execFileSync(program, ['doctor', '--browser', '-c', settings], { encoding: 'utf8' });
  const key = /https:\/\/localhost\/check#(\S+)/.exec(printed)?.[1];
  expect(key, printed).toBeDefined();
  return `${new URL(demo.addresses.clinician).origin}/check#${key}`;
}

/** A 16-bit mono WAV of ten seconds: silence, or a 1 kHz tone. Chromium repeats it for ever. */
export function wav(folder: string, name: string, tone: boolean): string {
  const rate = 48_000;
  const samples = rate * 10;
  const data = Buffer.alloc(44 + samples * 2);
  data.write('RIFF', 0);
  data.writeUInt32LE(36 + samples * 2, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * 2, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(samples * 2, 40);
  for (let n = 0; n < samples; n += 1) {
    const value = tone ? Math.sin((2 * Math.PI * 1_000 * n) / rate) * 12_000 : 0;
    data.writeInt16LE(Math.round(value), 44 + n * 2);
  }
  const path = join(folder, name);
  writeFileSync(path, data);
  return path;
}

/** What a camera shows. */
export interface Picture {
  width: number;
  height: number;
  framesPerS: number;
  /** Grain that changes with every frame: it costs as much of the line as a restless scene does. */
  grain?: boolean;
}

/** Costs a busy machine little. */
export const SMALL: Picture = { width: 160, height: 120, framesPerS: 5 };

/** A moving picture of two seconds. Chromium repeats it for ever. */
export function movingPicture(folder: string, { width, height, framesPerS, grain = false }: Picture = SMALL): string {
  const parts: Buffer[] = [Buffer.from(`YUV4MPEG2 W${width} H${height} F${framesPerS}:1 Ip A1:1 C420jpeg\n`)];
  const step = Math.round(width / 10);
  let dice = 1;
  for (let frame = 0; frame < 2 * framesPerS; frame += 1) {
    const luma = Buffer.alloc(width * height, 90);
    if (grain) {
      for (let at = 0; at < luma.length; at += 1) {
        // The generator of Park and Miller: the same picture on every machine.
        dice = (dice * 48_271) % 0x7fffffff;
        luma[at] = 70 + (dice % 40);
      }
    }
    // A bar that goes from left to right: every frame differs from the one before.
    const bar = (frame * step) % width;
    for (let y = 0; y < height; y += 1) luma.fill(220, y * width + bar, Math.min(y * width + bar + step, (y + 1) * width));
    parts.push(Buffer.from('FRAME\n'), luma, Buffer.alloc((width * height) / 2, 128));
  }
  const path = join(folder, 'picture.y4m');
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

/** A browser of its own, so that it has its own microphone, and if need be its own camera and switches. */
export function browser(microphone?: string, camera?: string, ...more: string[]): Promise<Browser> {
  return browserAt(CHROMIUM, microphone, camera, ...more);
}

/** The same, started by another program that becomes the browser. */
export async function browserAt(
  executablePath: string,
  microphone?: string,
  camera?: string,
  ...more: string[]
): Promise<Browser> {
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    '--auto-select-desktop-capture-source=Entire screen',
    '--autoplay-policy=no-user-gesture-required',
    ...more,
  ];
  if (microphone) args.push(`--use-file-for-fake-audio-capture=${microphone}`);
  if (camera) args.push(`--use-file-for-fake-video-capture=${camera}`);
  return chromium.launch({ executablePath, args });
}

/** A person with a browser window. Keeps hold of the page's peer connections for measuring. */
export async function person(
  of: Browser,
  size = { width: 1280, height: 800 },
  more: BrowserContextOptions = {},
): Promise<Page> {
  const context: BrowserContext = await of.newContext({ viewport: size, locale: 'en-US', ...more });
  const page = await context.newPage();
  await page.addInitScript(() => {
    const all: RTCPeerConnection[] = [];
    const Native = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Native {
      constructor(config?: RTCConfiguration) {
        super(config);
        all.push(this);
      }
    };
    (window as unknown as { peers: RTCPeerConnection[] }).peers = all;
  });
  page.on('pageerror', (error) => {
    throw error;
  });
  return page;
}

/** The six digits that an authenticator app shows at `now_ms` for a key in base 32 (RFC 6238, RFC 4226). */
export function appCode(key: string, now_ms: number): string {
  const bits = [...key.replace(/\s/g, '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const bytes = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now_ms / 30_000)));
  const digest = createHmac('sha1', bytes).update(step).digest();
  const number = digest.readUInt32BE((digest.at(-1) ?? 0) & 15) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** A picture for people to look at; never compared. */
export async function shot(page: Page, name: string): Promise<void> {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

export async function clinicianSignsIn(page: Page, demo: Demo): Promise<void> {
  await page.goto(demo.addresses.clinician);
  await page.getByRole('button', { name: 'Use the link and sign in' }).click();
  await expect(page.getByText('Alex Morgan').first()).toBeVisible();
}

/** From the link to the waiting room. `atSummary` looks at the end of the device check, `atConsent` at the consent. */
export async function guestWaits(
  page: Page,
  link: string,
  atSummary = async () => {},
  atConsent = async () => {},
): Promise<void> {
  await page.goto(link);
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByRole('button', { name: 'Use my camera and microphone' }).click();
  await page.getByRole('button', { name: 'Yes, go on' }).click();
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('button', { name: 'Play the chime' }).click();
  await page.getByRole('button', { name: 'Yes, I hear it' }).click();
  await atSummary();
  await page.getByRole('button', { name: 'Go on' }).click();
  await atConsent();
  await page.getByText('Yes, I agree').first().click();
  await page.getByRole('button', { name: 'Go to the waiting room' }).click();
  await expect(page.getByRole('heading', { name: 'You are in the waiting room' })).toBeVisible();
}

/** Invites somebody from where the button stands, and gives the link. */
export async function inviteFrom(
  clinician: Page,
  role: string,
  name: string,
  atLink = async () => {},
): Promise<string> {
  await clinician.getByRole('button', { name: 'Invite someone' }).click();
  const dialog = clinician.getByRole('dialog', { name: 'Invite someone' });
  await dialog.getByText(role, { exact: true }).click();
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByRole('button', { name: 'Make the invitation' }).click();
  const link = await clinician.getByLabel('Link', { exact: true }).inputValue();
  await atLink();
  await clinician.getByRole('button', { name: 'Done' }).click();
  return link;
}

/** Writes in the chat, opening it if need be. */
export async function say(page: Page, text: string): Promise<void> {
  const box = page.getByRole('textbox', { name: 'Your message' });
  if (!(await box.isVisible())) await page.getByRole('button', { name: /Chat/ }).click();
  await box.fill(text);
  await box.press('Enter');
  await expect(page.getByText(text, { exact: true })).toHaveCount(1);
}

export interface Received {
  /** Most frames decoded of one picture. */
  frames: number;
  width: number;
  cipher: string;
  videos: number;
}

/** What the page's live connection has received. */
export async function received(page: Page): Promise<Received> {
  return page.evaluate(async () => {
    const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
    const live = peers.findLast((p) => p.connectionState === 'connected');
    const result = { frames: 0, width: 0, cipher: '', videos: 0 };
    if (!live) return result;
    const report = await live.getStats();
    report.forEach((s: Record<string, unknown>) => {
      if (s.type === 'inbound-rtp' && s.kind === 'video' && Number(s.framesDecoded ?? 0) > 0) {
        result.videos += 1;
        result.frames = Math.max(result.frames, Number(s.framesDecoded));
        result.width = Math.max(result.width, Number(s.frameWidth ?? 0));
      }
      if (s.type === 'transport') result.cipher = String(s.srtpCipher ?? '');
    });
    return result;
  });
}

export interface Media {
  /** Frames decoded of each picture that comes in. */
  pictures: number[];
  /** Packets received of each sound that is not silent. */
  sounds: number[];
  /** Packets of one's own camera that the other end says it has. */
  acknowledged: number;
}

/** What goes in and out of the page's live connection, picture by picture and sound by sound. */
export async function media(page: Page): Promise<Media> {
  return page.evaluate(async () => {
    const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
    const result: Media = { pictures: [], sounds: [], acknowledged: 0 };
    const report = await peers.findLast((p) => p.connectionState === 'connected')?.getStats();
    const entries = new Map<string, Record<string, unknown>>();
    report?.forEach((s: Record<string, unknown>) => entries.set(String(s.id), s));
    for (const s of entries.values()) {
      if (s.type === 'inbound-rtp' && s.kind === 'video' && Number(s.framesDecoded ?? 0) > 0) {
        result.pictures.push(Number(s.framesDecoded));
      }
      if (s.type === 'inbound-rtp' && s.kind === 'audio' && Number(s.totalAudioEnergy ?? 0) > 0) {
        result.sounds.push(Number(s.packetsReceived ?? 0));
      }
      if (s.type === 'remote-inbound-rtp' && s.kind === 'video') {
        const sent = Number(entries.get(String(s.localId))?.packetsSent ?? 0);
        result.acknowledged += Math.max(0, sent - Math.max(0, Number(s.packetsLost ?? 0)));
      }
    }
    return result;
  });
}

/** Moving pictures on the page, one's own included. */
export async function pictures(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      [...document.querySelectorAll('video')].filter(
        (v) => v.videoWidth > 0 && v.getVideoPlaybackQuality().totalVideoFrames > 5,
      ).length,
  );
}

/** How far the 1 kHz tone stands above the median of the spectrum, in decibels. */
export async function toneAboveFloor(page: Page, way: 'server' | 'direct' = 'server'): Promise<number> {
  return page.evaluate(async (wanted) => {
    const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
    // The direct connection receives on a line that it sends on; the server's never does.
    const direct = (p: RTCPeerConnection) => p.getTransceivers().some((t) => t.direction === 'sendrecv');
    const live = peers.findLast((p) => p.connectionState === 'connected' && direct(p) === (wanted === 'direct'));
    const tracks = live?.getReceivers().map((r) => r.track).filter((t) => t.kind === 'audio') ?? [];
    const context = new AudioContext({ sampleRate: 48_000 });
    const analyser = context.createAnalyser();
    analyser.fftSize = 8_192;
    analyser.smoothingTimeConstant = 0;
    for (const track of tracks) {
      context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    }
    const bins = new Float32Array(analyser.frequencyBinCount);
    const width_hz = context.sampleRate / analyser.fftSize;
    let best = -Infinity;
    const until = performance.now() + 6_000;
    while (performance.now() < until) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      analyser.getFloatFrequencyData(bins);
      const at = Math.round(1_000 / width_hz);
      const tone = Math.max(...bins.slice(at - 2, at + 3));
      const speech = bins.slice(Math.round(100 / width_hz), Math.round(8_000 / width_hz));
      const floor = speech.filter(Number.isFinite).sort()[speech.length >> 1] ?? -200;
      if (Number.isFinite(tone)) best = Math.max(best, tone - floor);
    }
    await context.close();
    return best;
  }, way);
}
