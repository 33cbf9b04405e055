/**
 * The camera and microphone of this machine: one object from the device check to the goodbye.
 * Owns the local tracks. Switching, interruptions and unplugging are handled here, so that the
 * call only ever sees "this is the track now". It sends nothing anywhere.
 */

import { captureBoth, captureOne, type CaptureDeps, type Captured, type Wish } from './capture';
import { browserEnv, type Cancel, type Env } from './env';
import { BedsideError } from './errors';
import { browserSurroundings, type Capture, type Surroundings } from './failures';
import type { CheckCode } from './protocol';
import { Cell, Cleanup } from './signal';
import type { DeviceChoice, DeviceKind, DeviceList, LocalDevice, LocalDevices, OpenResult } from './types';

/** The part of `navigator.mediaDevices` that is used. */
export type MediaDevicesLike = Pick<
  MediaDevices,
  'getUserMedia' | 'enumerateDevices' | 'addEventListener' | 'removeEventListener'
>;

/** What the devices need from outside. */
export interface DevicesDeps {
  readonly env: Env;
  readonly around: Surroundings;
  /** Missing in an insecure context. */
  readonly media: MediaDevicesLike | undefined;
  /** A machine that is held in a hand. */
  readonly handheld: boolean;
  /** Whether the loudspeaker can be chosen. */
  readonly canRoute: boolean;
}

/** A shorter interruption leaves a working track behind, in milliseconds. */
const SHORT_INTERRUPTION_MS = 1_000;
const OFF: LocalDevice = { state: 'off', track: null, code: null, deviceId: null };
const NOTHING: DeviceList = { camera: [], mic: [], speaker: [] };

/** What the browser calls the three kinds. */
const KIND: Readonly<Record<MediaDeviceKind, DeviceKind>> = {
  videoinput: 'camera',
  audioinput: 'mic',
  audiooutput: 'speaker',
};

export class Devices implements LocalDevices {
  readonly camera = new Cell<LocalDevice>(OFF);
  readonly mic = new Cell<LocalDevice>(OFF);
  readonly list = new Cell<DeviceList>(NOTHING);
  readonly speakerId = new Cell<string | null>(null);
  readonly canFlip = new Cell(false);
  readonly facing = new Cell<'user' | 'environment'>('user');

  readonly #deps: DevicesDeps;
  readonly #cleanup = new Cleanup();
  readonly #chosen: Record<Capture, string | null> = { camera: null, mic: null };
  readonly #watches: Record<Capture, Cancel> = { camera: () => {}, mic: () => {} };
  #micWanted = true;
  #opened = false;
  #disposed = false;
  /** Counts closings; a track that was asked for before the last one is not wanted any more. */
  #life = 0;
  /** Device work is done one piece at a time: two at once steal each other's device on phones. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(deps: DevicesDeps) {
    this.#deps = deps;
    const refresh = () => void this.#refresh();
    deps.media?.addEventListener('devicechange', refresh);
    this.#cleanup.add(() => deps.media?.removeEventListener('devicechange', refresh));
    this.#cleanup.add(
      deps.env.page.on('visibility', () => {
        if (deps.env.page.visible()) void this.resume().catch(() => undefined);
      }),
    );
  }

  get opened(): boolean {
    return this.#opened;
  }

  open(want: { readonly camera?: boolean; readonly mic?: boolean } = {}): Promise<OpenResult> {
    this.#opened = true;
    return this.#inTurn(async () => {
      const needs = (device: Capture) => (want[device] ?? true) && this.#cell(device).value.state !== 'live';
      const camera = needs('camera');
      const mic = needs('mic') && this.mic.value.track === null;
      if (mic) this.#micWanted = true;
      if (camera && mic) {
        this.#asking('camera');
        this.#asking('mic');
        const life = this.#life;
        const wishes = { camera: this.#wish('camera'), mic: this.#wish('mic') };
        const captured = await captureBoth(this.#captureDeps(), wishes, (stream) => this.#late(stream));
        this.#take('mic', captured.mic, life);
        this.#take('camera', captured.camera, life);
      } else if (camera || mic) {
        await this.#acquire(camera ? 'camera' : 'mic');
      }
      await this.#refresh();
      return { camera: this.camera.value.code, mic: this.mic.value.code };
    });
  }

  setMic(on: boolean): Promise<void> {
    this.#micWanted = on;
    const { track } = this.mic.value;
    if (track !== null && track.readyState === 'live') {
      // At once: muting must not wait for a question about the camera.
      this.#apply('mic', track);
      return Promise.resolve();
    }
    return this.#inTurn(async () => {
      if (!this.#micWanted || this.mic.value.state === 'live') return;
      this.#opened = true;
      await this.#acquire('mic');
      this.#throwIfFailed('mic');
    });
  }

  setCamera(on: boolean): Promise<void> {
    return this.#inTurn(async () => {
      if (!on) {
        this.#release('camera');
        this.camera.set(OFF);
      } else if (this.camera.value.state !== 'live') {
        this.#opened = true;
        await this.#acquire('camera');
        this.#throwIfFailed('camera');
      }
    });
  }

  select(kind: DeviceKind, id: string): Promise<void> {
    if (kind === 'speaker') {
      this.speakerId.set(id);
      return Promise.resolve();
    }
    return this.#inTurn(async () => {
      const before = this.#chosen[kind];
      this.#chosen[kind] = id;
      // Nothing to change over: the choice counts from the next opening on.
      const { track, deviceId } = this.#cell(kind).value;
      if (track === null || deviceId === id) return;
      await this.#change(kind, { deviceId: id, exact: true }, deviceId, () => {
        this.#chosen[kind] = before;
      });
    });
  }

  flip(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.camera.value.track === null) return;
      const before = { facing: this.facing.value, chosen: this.#chosen.camera };
      const oldId = this.camera.value.deviceId;
      const facing = before.facing === 'user' ? 'environment' : 'user';
      this.facing.set(facing);
      this.#chosen.camera = null;
      if ((await this.#acquire('camera', { facing, exact: true })) === null) return;
      // Cameras that do not say which way they look: take any other one.
      const other = this.list.value.camera.find((choice) => choice.id !== oldId);
      const wish: Wish = other === undefined ? { facing } : { deviceId: other.id, exact: true };
      await this.#change('camera', wish, oldId, () => {
        this.facing.set(before.facing);
        this.#chosen.camera = before.chosen;
      });
    });
  }

  resume(): Promise<void> {
    return this.#inTurn(async () => {
      for (const device of ['mic', 'camera'] as const) {
        if (this.#cell(device).value.state !== 'interrupted') continue;
        // After a telephone call the old track says "live" with its unit switched off: never
        // trust it, always get a fresh one, and stop the old one first.
        this.#release(device);
        await this.#acquire(device);
      }
    });
  }

  close(): void {
    this.#opened = false;
    for (const device of ['mic', 'camera'] as const) {
      this.#release(device);
      this.#cell(device).set(OFF);
    }
    // Whatever is on its way from the browser is let go of when it comes.
    this.#life += 1;
  }

  dispose(): void {
    this.#disposed = true;
    this.#cleanup.run();
    this.close();
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => {
      if (this.#disposed) throw new BedsideError('aborted');
      return task();
    });
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  #cell(device: Capture): Cell<LocalDevice> {
    return device === 'camera' ? this.camera : this.mic;
  }

  #captureDeps(): CaptureDeps {
    const { env, around, media } = this.#deps;
    return {
      env,
      around,
      // Without `mediaDevices` the surroundings have said so before this is reached.
      getUserMedia: (constraints) =>
        media?.getUserMedia(constraints) ?? Promise.reject(new BedsideError('no_webrtc')),
    };
  }

  #wish(device: Capture): Wish {
    if (device === 'mic') return { deviceId: this.#chosen.mic };
    return { deviceId: this.#chosen.camera, facing: this.facing.value };
  }

  #asking(device: Capture): void {
    this.#release(device);
    this.#cell(device).set({ ...OFF, state: 'asking' });
  }

  async #acquire(device: Capture, wish: Wish = this.#wish(device)): Promise<CheckCode | null> {
    this.#asking(device);
    const life = this.#life;
    const captured = await captureOne(this.#captureDeps(), device, wish, (stream) => this.#late(stream));
    return this.#take(device, captured, life);
  }

  /** Stops the old device before the new one starts; brings the old one back if that fails. */
  async #change(device: Capture, wish: Wish, oldId: string | null, undo: () => void): Promise<void> {
    const code = await this.#acquire(device, wish);
    if (code === null) return;
    undo();
    await this.#acquire(device, { ...this.#wish(device), deviceId: oldId });
    throw new BedsideError(code);
  }

  #throwIfFailed(device: Capture): void {
    const { code } = this.#cell(device).value;
    if (code !== null) throw new BedsideError(code);
  }

  #take(device: Capture, captured: Captured, life: number): CheckCode | null {
    if (life !== this.#life) {
      if ('track' in captured) captured.track.stop();
      return null;
    }
    if ('code' in captured) {
      this.#cell(device).set({ ...OFF, state: 'failed', code: captured.code });
      return captured.code;
    }
    this.#apply(device, captured.track);
    return null;
  }

  /** The person answered the question after we had stopped waiting: the answer still counts. */
  #late(stream: MediaStream): void {
    for (const track of stream.getTracks()) {
      const device = track.kind === 'video' ? 'camera' : 'mic';
      if (this.#cell(device).value.code === 'prompt_timeout') this.#take(device, { track }, this.#life);
      else track.stop();
    }
    void this.#refresh();
  }

  /** Makes `track` the device's track and watches over it. */
  #apply(device: Capture, track: MediaStreamTrack): void {
    const cell = this.#cell(device);
    const on = device === 'camera' || this.#micWanted;
    track.enabled = on;
    const settings = track.getSettings();
    if (device === 'camera') {
      track.contentHint = 'motion';
      if (settings.facingMode === 'user' || settings.facingMode === 'environment') {
        this.facing.set(settings.facingMode);
      }
    }
    if (cell.value.track !== track) this.#watch(device, track);
    cell.set({ state: on ? 'live' : 'off', track, code: null, deviceId: settings.deviceId ?? null });
  }

  #watch(device: Capture, track: MediaStreamTrack): void {
    this.#watches[device]();
    const { env } = this.#deps;
    const cell = this.#cell(device);
    let mutedAtMs = 0;
    const onMute = () => {
      if (cell.value.state !== 'live') return;
      mutedAtMs = env.nowMs();
      cell.set({ ...cell.value, state: 'interrupted' });
    };
    const onUnmute = () => {
      if (cell.value.state !== 'interrupted') return;
      if (env.nowMs() - mutedAtMs < SHORT_INTERRUPTION_MS) cell.set({ ...cell.value, state: 'live' });
      else void this.resume().catch(() => undefined);
    };
    const onEnded = () => void this.#replace(device, track).catch(() => undefined);
    track.addEventListener('mute', onMute);
    track.addEventListener('unmute', onUnmute);
    track.addEventListener('ended', onEnded);
    this.#watches[device] = () => {
      track.removeEventListener('mute', onMute);
      track.removeEventListener('unmute', onUnmute);
      track.removeEventListener('ended', onEnded);
    };
  }

  /** The device went (unplugged, taken away): any other one of its kind takes over. */
  #replace(device: Capture, track: MediaStreamTrack): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#cell(device).value.track !== track) return;
      this.#chosen[device] = null;
      await this.#acquire(device, {});
      await this.#refresh();
    });
  }

  #release(device: Capture): void {
    this.#watches[device]();
    this.#watches[device] = () => {};
    this.#cell(device).value.track?.stop();
  }

  async #refresh(): Promise<void> {
    let found: MediaDeviceInfo[];
    try {
      found = (await this.#deps.media?.enumerateDevices()) ?? [];
    } catch {
      return; // The old list stays; a menu is no reason to fail.
    }
    const list: Record<DeviceKind, DeviceChoice[]> = { camera: [], mic: [], speaker: [] };
    for (const { kind, deviceId, label } of found) {
      // Before the first permission browsers list nameless placeholders.
      if (deviceId !== '') list[KIND[kind]].push({ id: deviceId, label });
    }
    if (!this.#deps.canRoute) list.speaker = [];
    this.list.set(list);
    this.canFlip.set(this.#deps.handheld && list.camera.length > 1);
    const speaker = this.speakerId.value;
    if (speaker !== null && !list.speaker.some((choice) => choice.id === speaker)) this.speakerId.set(null);
  }
}

/** The devices of this machine. Asks for nothing before `open()`. */
export function createDevices(): LocalDevices {
  return new Devices({
    env: browserEnv(),
    around: browserSurroundings(),
    media: navigator.mediaDevices,
    handheld: matchMedia('(pointer: coarse)').matches,
    canRoute: 'setSinkId' in HTMLMediaElement.prototype,
  });
}
