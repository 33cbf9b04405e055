/** A machine with devices that can be missing, busy, forbidden, slow, interrupted and unplugged. */

import { Devices, type MediaDevicesLike } from '../../src/devices';
import type { Capture, PermissionAnswer, Surroundings } from '../../src/failures';
import { FakeTrack } from './peer';
import type { World } from './world';

export interface FakeDevice {
  readonly kind: MediaDeviceKind;
  readonly deviceId: string;
  readonly label: string;
  readonly facingMode?: string;
}

export const FRONT: FakeDevice = { kind: 'videoinput', deviceId: 'front', label: 'Front', facingMode: 'user' };
export const BACK: FakeDevice = { kind: 'videoinput', deviceId: 'back', label: 'Back', facingMode: 'environment' };
export const MIC: FakeDevice = { kind: 'audioinput', deviceId: 'mic', label: 'Built-in' };
export const HEADSET: FakeDevice = { kind: 'audioinput', deviceId: 'headset', label: 'Headset' };
export const SPEAKER: FakeDevice = { kind: 'audiooutput', deviceId: 'speaker', label: 'Speaker' };

/** What the browser throws. */
export function thrown(name: string, message = ''): DOMException {
  return new DOMException(message, name);
}

interface Asked {
  readonly video: MediaTrackConstraints | boolean;
  readonly audio: MediaTrackConstraints | boolean;
  /** Tracks of the same kind that were live when it was asked: must be none. */
  readonly stillLive: number;
}

export class Machine extends EventTarget implements MediaDevicesLike {
  devices: FakeDevice[] = [FRONT, MIC, SPEAKER];
  /** What the next questions throw, in order; `null` lets one through. */
  readonly faults: (Error | null)[] = [];
  /** Faults by what is asked for, for as long as they stand. */
  standing: { camera?: Error; mic?: Error; both?: Error } = {};
  /** Leaves questions open until `answer()`. */
  holding = false;
  readonly asked: Asked[] = [];
  readonly tracks: FakeTrack[] = [];
  #held: (() => void)[] = [];

  async getUserMedia(constraints?: MediaStreamConstraints): Promise<MediaStream> {
    const video = constraints?.video ?? false;
    const audio = constraints?.audio ?? false;
    const live = (kind: string) => this.tracks.filter((t) => t.kind === kind && t.readyState === 'live').length;
    this.asked.push({ video, audio, stillLive: (video ? live('video') : 0) + (audio ? live('audio') : 0) });
    if (this.holding) await new Promise<void>((resolve) => this.#held.push(resolve));
    const fault = this.faults.shift() ?? (video && audio ? this.standing.both : undefined);
    if (fault) throw fault;
    if (video && this.standing.camera) throw this.standing.camera;
    if (audio && this.standing.mic) throw this.standing.mic;
    const made: FakeTrack[] = [];
    if (audio) made.push(this.#take('audioinput', 'audio', audio));
    if (video) made.push(this.#take('videoinput', 'video', video));
    this.tracks.push(...made);
    return streamOf(made);
  }

  enumerateDevices(): Promise<MediaDeviceInfo[]> {
    return Promise.resolve(this.devices as unknown as MediaDeviceInfo[]);
  }

  answer(): void {
    this.holding = false;
    const held = this.#held;
    this.#held = [];
    for (const go of held) go();
  }

  plug(devices: FakeDevice[]): void {
    this.devices = devices;
    this.dispatchEvent(new Event('devicechange'));
  }

  live(kind: 'audio' | 'video'): FakeTrack[] {
    return this.tracks.filter((track) => track.kind === kind && track.readyState === 'live');
  }

  #take(kind: MediaDeviceKind, track: 'audio' | 'video', wish: MediaTrackConstraints | boolean): FakeTrack {
    const fitting = this.devices.filter((device) => device.kind === kind);
    if (fitting.length === 0) throw thrown('NotFoundError');
    const want = typeof wish === 'object' ? wish : {};
    const id = want.deviceId as { exact?: string; ideal?: string } | undefined;
    const facing = want.facingMode as { exact?: string; ideal?: string } | undefined;
    const fits = (device: FakeDevice, by: 'exact' | 'ideal') =>
      (id?.[by] === undefined || device.deviceId === id[by]) &&
      (facing?.[by] === undefined || device.facingMode === facing[by]);
    const allowed = fitting.filter((device) => fits(device, 'exact'));
    const device = allowed.find((one) => fits(one, 'ideal')) ?? allowed[0];
    if (device === undefined) throw thrown('OverconstrainedError');
    return new FakeTrack(track, {
      deviceId: device.deviceId,
      ...(device.facingMode === undefined ? {} : { facingMode: device.facingMode }),
    });
  }
}

/** What `getUserMedia` gives back. */
function streamOf(tracks: readonly FakeTrack[]): MediaStream {
  const of = (kind: string) => tracks.filter((track) => track.kind === kind);
  const stream = { getTracks: () => tracks, getAudioTracks: () => of('audio'), getVideoTracks: () => of('video') };
  return stream as unknown as MediaStream;
}

export interface FakeSurroundings extends Surroundings {
  secure: boolean;
  userAgent: string;
  canCapture: boolean;
  canCall: boolean;
  embedForbids: Capture[];
  permissions: Record<Capture, PermissionAnswer>;
}

export function surroundings(): FakeSurroundings {
  return {
    secure: true,
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0',
    canCapture: true,
    canCall: true,
    embedForbids: [],
    permissions: { camera: 'prompt', mic: 'prompt' },
    forbidden(device) {
      return this.embedForbids.includes(device);
    },
    permission(device) {
      return Promise.resolve(this.permissions[device]);
    },
  };
}

/** A machine and the SDK's devices on it. */
export function machineWith(world: World, handheld = false) {
  const machine = new Machine();
  const around = surroundings();
  const devices = new Devices({ env: world, around, media: machine, handheld, canRoute: true });
  return { machine, around, devices };
}
