/**
 * The device check. Owns the verdicts: what counts as silence, as black, as a poor network. The
 * devices it opens are the ones of the call, and stay open when it is disposed.
 */

import { createDevices } from './devices';
import { browserEnv, type Cancel, type Env } from './env';
import { browserSurroundings, findBlocker, type Surroundings } from './failures';
import { measureNetwork, type NetworkMeasured } from './netcheck';
import { browserProbes, meter, type LevelProbe, type LumaProbe, type Probes } from './probes';
import type { CheckCode, CheckItem, CheckOutcome, CheckReport } from './protocol';
import { Cell, Cleanup } from './signal';
import type { CheckState, DeviceCheck, LocalDevice, LocalDevices } from './types';
import type { Way, WaysCheck } from './ways-types';

/** Time between two looks at the microphone, in milliseconds. */
export const LOOK_EVERY_MS = 50;
/** No voice for this long means a silent microphone, in milliseconds. */
export const SILENT_AFTER_MS = 5_000;
/** A dark picture for this long means a covered lens, in milliseconds. */
export const BLACK_AFTER_MS = 3_000;
/** No new frame for this long means a stuck camera, in milliseconds. */
export const STUCK_AFTER_MS = 5_000;
/** Louder than this is a voice: about −46 dBFS RMS, well over the noise of a quiet room. */
const VOICE_RMS = 0.005;
/** Darker than this on average is black: even a dim room at night gives more than 8 of 255. */
const BLACK_LUMA = 8;
/** A question that is open for this long deserves an arrow to it, in milliseconds. */
const PROMPT_HINT_MS = 1_500;
/** Worse than this and a conversation suffers. */
const POOR_RTT_MS = 800;
/** Less than this leaves room for sound only. */
const POOR_DOWNLINK_BPS = 150_000;

const IDLE: CheckState = { state: 'idle', code: null };
const ASKING: CheckState = { state: 'asking', code: null };
const RUNNING: CheckState = { state: 'running', code: null };
const OK: CheckState = { state: 'ok', code: null };

function failed(code: CheckCode): CheckState {
  return { state: 'failed', code };
}

function same(a: CheckState, b: CheckState): boolean {
  return a.state === b.state && a.code === b.code;
}

/** What the check needs from outside. */
export interface CheckDeps {
  readonly env: Env;
  readonly around: Surroundings;
  readonly probes: Probes;
  readonly devices: LocalDevices;
  network(env: Env): Promise<NetworkMeasured>;
  /** Fetches what tries the ways of media; few pages need it early. */
  ways(): Promise<WaysCheck>;
}

export class Check implements DeviceCheck {
  readonly camera = new Cell(IDLE, same);
  readonly microphone = new Cell(IDLE, same);
  readonly speaker = new Cell(IDLE, same);
  readonly network = new Cell(IDLE, same);
  readonly level = new Cell(0);
  readonly rttMs = new Cell<number | null>(null);
  readonly downlinkBps = new Cell<number | null>(null);
  readonly ways = new Cell<readonly Way[]>([]);
  readonly promptOpen = new Cell(false);
  readonly devices: LocalDevices;
  readonly blocker: CheckCode | null;

  readonly #deps: CheckDeps;
  readonly #cleanup = new Cleanup();
  #camera = true;
  #levelProbe: { readonly track: MediaStreamTrack; readonly probe: LevelProbe } | null = null;
  #lumaProbe: { readonly track: MediaStreamTrack; readonly probe: LumaProbe } | null = null;
  #quietSinceMs = 0;
  #brightAtMs = 0;
  #frameAtMs = 0;
  #frames = -1;
  #timer: Cancel = () => {};
  #promptTimer: Cancel = () => {};
  #measuring: Promise<void> | null = null;
  #disposed = false;

  constructor(deps: CheckDeps) {
    this.#deps = deps;
    this.devices = deps.devices;
    this.blocker = findBlocker(deps.around);
    this.#cleanup.add(deps.devices.mic.subscribe((mic) => this.#followMic(mic)));
    this.#cleanup.add(deps.devices.camera.subscribe((camera) => this.#followCamera(camera)));
  }

  async start(): Promise<void> {
    const network = this.measureNetwork();
    await this.#open({ camera: this.#camera, mic: true });
    await network;
  }

  async retry(item: CheckItem): Promise<void> {
    switch (item) {
      case 'camera':
        this.#camera = true;
        // A device that was busy or black may need a fresh start, not only a fresh look.
        if (this.camera.value.state === 'failed') await this.devices.setCamera(false);
        await this.#open({ camera: true, mic: false });
        break;
      case 'microphone':
        this.#quietSinceMs = this.#deps.env.nowMs();
        if (this.microphone.value.code === 'silent_microphone') this.microphone.set(RUNNING);
        await this.#open({ camera: false, mic: true });
        break;
      case 'speaker':
        await this.chime();
        break;
      case 'network':
        await this.measureNetwork();
        break;
    }
  }

  voiceOnly(): void {
    this.#camera = false;
    const { code } = this.camera.value;
    void this.devices.setCamera(false).catch(() => undefined);
    // The clinic should know why there will be no picture.
    this.camera.set(code === null ? IDLE : failed(code));
  }

  async chime(): Promise<void> {
    this.speaker.set(RUNNING);
    try {
      await this.#deps.probes.chime(this.devices.speakerId.value);
    } catch {
      this.speaker.set(failed('speaker_failed'));
    }
  }

  heard(yes: boolean): void {
    this.speaker.set(yes ? OK : failed('speaker_failed'));
  }

  measureNetwork(): Promise<void> {
    this.#measuring ??= this.#measure().finally(() => {
      this.#measuring = null;
    });
    return this.#measuring;
  }

  preview(element: HTMLVideoElement): () => void {
    element.muted = true;
    element.playsInline = true;
    element.autoplay = true;
    const stop = this.devices.camera.subscribe(({ track }) => {
      element.srcObject = track === null ? null : new MediaStream([track]);
      if (track !== null) void element.play().catch(() => undefined);
    });
    return () => {
      stop();
      element.srcObject = null;
    };
  }

  report(): CheckReport {
    const outcomes: CheckOutcome[] = [];
    const add = (item: CheckItem, { state, code }: CheckState) => {
      if (state === 'ok') outcomes.push({ item, ok: true, code: null });
      // Still running counts as working: the person went on before a verdict.
      else if (state === 'running' && item !== 'speaker') outcomes.push({ item, ok: true, code: null });
      else if (state === 'failed') outcomes.push({ item, ok: false, code });
    };
    add('camera', this.camera.value);
    add('microphone', this.microphone.value);
    add('speaker', this.speaker.value);
    add('network', this.network.value);
    const rttMs = this.rttMs.value;
    return { outcomes, rtt_ms: rttMs === null ? null : Math.round(rttMs) };
  }

  dispose(): void {
    this.#disposed = true;
    this.#cleanup.run();
    this.#timer();
    this.#promptTimer();
    this.#dropLevel();
    this.#dropLuma();
    this.#deps.probes.stop();
  }

  async #open(want: { camera: boolean; mic: boolean }): Promise<void> {
    this.#promptTimer();
    this.#promptTimer = this.#deps.env.after(PROMPT_HINT_MS, () => this.promptOpen.set(true));
    try {
      await this.devices.open(want);
    } finally {
      this.#promptTimer();
      this.promptOpen.set(false);
    }
  }

  async #measure(): Promise<void> {
    this.network.set(RUNNING);
    try {
      const { rttMs, downlinkBps } = await this.#deps.network(this.#deps.env);
      this.rttMs.set(rttMs);
      this.downlinkBps.set(downlinkBps);
      const poor = rttMs > POOR_RTT_MS || downlinkBps < POOR_DOWNLINK_BPS;
      // What keeps a call from coming about is graver than what makes it slow.
      const blocked = await this.#tryWays();
      this.network.set(blocked !== null ? failed(blocked) : poor ? failed('network_poor') : OK);
    } catch {
      this.network.set(failed('network_poor'));
    }
  }

  async #tryWays(): Promise<CheckCode | null> {
    try {
      const ways = await this.#deps.ways();
      await ways.run();
      if (ways.progress.value === 'done') this.ways.set(ways.ways.value);
      return ways.progress.value === 'done' ? ways.verdict() : null;
    } catch {
      return null; // Nobody could try: the call itself will show.
    }
  }

  #followMic(mic: LocalDevice): void {
    if (mic.state === 'asking') this.microphone.set(ASKING);
    if (mic.state === 'failed' && mic.code !== null) this.microphone.set(failed(mic.code));
    if (mic.state !== 'live' || mic.track === null) {
      this.#dropLevel();
      return;
    }
    if (this.#levelProbe?.track === mic.track) return;
    this.#dropLevel();
    this.#levelProbe = { track: mic.track, probe: this.#deps.probes.level(mic.track) };
    this.#quietSinceMs = this.#deps.env.nowMs();
    this.microphone.set(RUNNING);
    this.#look();
  }

  #followCamera(camera: LocalDevice): void {
    if (camera.state === 'asking') this.camera.set(ASKING);
    if (camera.state === 'failed' && camera.code !== null) this.camera.set(failed(camera.code));
    if (camera.state !== 'live' || camera.track === null) {
      this.#dropLuma();
      return;
    }
    if (this.#lumaProbe?.track === camera.track) return;
    this.#dropLuma();
    this.#lumaProbe = { track: camera.track, probe: this.#deps.probes.luma(camera.track) };
    this.#brightAtMs = this.#frameAtMs = this.#deps.env.nowMs();
    this.#frames = -1;
    this.camera.set(RUNNING);
    this.#look();
  }

  #look(): void {
    this.#timer();
    if (this.#disposed || (this.#levelProbe === null && this.#lumaProbe === null)) return;
    this.#timer = this.#deps.env.after(LOOK_EVERY_MS, () => {
      this.#listen();
      this.#watch();
      this.#look();
    });
  }

  #listen(): void {
    const rms = this.#levelProbe?.probe.read();
    const nowMs = this.#deps.env.nowMs();
    if (rms === null || rms === undefined) {
      // The browser holds audio back until a tap: no verdict without hearing.
      this.#quietSinceMs = nowMs;
      this.level.set(0);
      return;
    }
    // Up at once, down softly: a needle that a person can follow.
    this.level.set(Math.max(meter(rms), this.level.value * 0.8));
    if (rms >= VOICE_RMS) {
      this.#quietSinceMs = nowMs;
      this.microphone.set(OK);
    } else if (this.microphone.value.state === 'running' && nowMs - this.#quietSinceMs >= SILENT_AFTER_MS) {
      this.microphone.set(failed('silent_microphone'));
    }
  }

  #watch(): void {
    if (this.#lumaProbe === null) return;
    const nowMs = this.#deps.env.nowMs();
    if (!this.#deps.env.page.visible()) {
      // A hidden page shows no frames: that is no fault of the camera.
      this.#brightAtMs = this.#frameAtMs = nowMs;
      return;
    }
    const seen = this.#lumaProbe.probe.read();
    if (seen !== null && seen.frames !== this.#frames) {
      this.#frames = seen.frames;
      this.#frameAtMs = nowMs;
    }
    if (seen !== null && seen.luma >= BLACK_LUMA) this.#brightAtMs = nowMs;
    if (nowMs - this.#frameAtMs >= STUCK_AFTER_MS) this.camera.set(failed('hardware'));
    else if (seen !== null && nowMs - this.#brightAtMs >= BLACK_AFTER_MS) this.camera.set(failed('black_video'));
    else if (seen !== null && this.#brightAtMs === nowMs) this.camera.set(OK);
  }

  #dropLevel(): void {
    this.#levelProbe?.probe.stop();
    this.#levelProbe = null;
    this.level.set(0);
  }

  #dropLuma(): void {
    this.#lumaProbe?.probe.stop();
    this.#lumaProbe = null;
  }
}

/** A device check. Hand `check.devices` on to `createVisit()`, so that the browser asks once. */
export function createCheck(options: { readonly devices?: LocalDevices } = {}): DeviceCheck {
  return new Check({
    env: browserEnv(),
    around: browserSurroundings(),
    probes: browserProbes(),
    devices: options.devices ?? createDevices(),
    network: measureNetwork,
    ways: async () => (await import('./ways')).createWays(),
  });
}
