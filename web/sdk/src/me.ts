/**
 * One's own side of the call: the switches for microphone, camera and screen. Owns what is sent;
 * the devices themselves belong to `devices.ts`, and what the server enforces to the server.
 */

import type { Env } from './env';
import { BedsideError } from './errors';
import type { Action, CheckCode, ClientMessage, SeatState, Source, SourceState } from './protocol';
import { Cell, Cleanup } from './signal';
import type { Identity, LocalDevice, LocalDevices, LocalPerson } from './types';

/** Whether microphone and camera were wanted, and in which visit: for a reload of this tab. */
const MEMORY_KEY = 'bedside.sending';

export type ShareScreen = (options: DisplayMediaStreamOptions) => Promise<MediaStream>;

export interface MeOwner {
  command(message: ClientMessage): Promise<void>;
  send(message: ClientMessage): boolean;
  /** The track to send from this source, or none. */
  track(source: Source, track: MediaStreamTrack | null): void;
  /** The camera's switch is put on. */
  cameraWanted(): void;
  interrupted(source: 'mic' | 'camera'): void;
  fixNeeded(source: 'mic' | 'camera', code: CheckCode): void;
}

export class LocalSide implements LocalPerson {
  readonly identity = new Cell<Identity | null>(null);
  readonly may = new Cell<readonly Action[]>([]);
  readonly state = new Cell<SeatState | null>(null);
  readonly devices: LocalDevices;
  readonly mic: { readonly on: Cell<boolean>; set(on: boolean): Promise<void> };
  readonly camera: { readonly on: Cell<boolean>; set(on: boolean): Promise<void> };
  readonly screen: { readonly on: Cell<boolean>; readonly supported: boolean; set(on: boolean): Promise<void> };

  readonly #env: Env;
  readonly #owner: MeOwner;
  readonly #share: ShareScreen | undefined;
  readonly #visit: string;
  readonly #cleanup = new Cleanup();
  readonly #before: Record<'mic' | 'camera', LocalDevice['state']> = { mic: 'off', camera: 'off' };
  /** What the person wants on. A device that fails does not change it. */
  #wish = { mic: true, camera: true };
  #screenTrack: MediaStreamTrack | null = null;
  #picking: Promise<void> | null = null;
  #inside = false;
  /** What the server was told last; nothing on this socket yet when `null`. */
  #told: { readonly mic: boolean; readonly camera: boolean } | null = null;
  /** Sharing ended while there was no socket to say so. */
  #unshareOwed = false;

  constructor(
    env: Env,
    visit: string,
    devices: LocalDevices,
    owner: MeOwner,
    share: ShareScreen | undefined,
  ) {
    this.#env = env;
    this.#visit = visit;
    this.#owner = owner;
    this.#share = share;
    this.devices = devices;
    this.mic = { on: new Cell(false), set: (on) => this.#switch('mic', on) };
    this.camera = {
      on: new Cell(false),
      set: (on) => {
        if (on) this.#owner.cameraWanted();
        return this.#switch('camera', on);
      },
    };
    this.screen = {
      on: new Cell(false),
      supported: share !== undefined,
      set: (on) => (on ? this.#startShare() : this.#stopShare()),
    };
    this.#cleanup.add(devices.mic.subscribe((device) => this.#follow('mic', device)));
    this.#cleanup.add(devices.camera.subscribe((device) => this.#follow('camera', device)));
  }

  /** How microphone and camera stand, for those who look why nobody hears or sees. */
  get sources(): { readonly mic: SourceState; readonly camera: SourceState } {
    const mic = this.devices.mic.value.state;
    const camera = this.devices.camera.value.state;
    return {
      mic: mic === 'live' ? 'live' : mic === 'failed' || mic === 'interrupted' ? 'absent' : 'muted',
      // Many come without a camera; that is no fault of the call.
      camera: camera === 'live' ? 'live' : camera === 'interrupted' ? 'absent' : 'muted',
    };
  }

  /** Whether one is in the room. Outside nothing is announced. */
  inside(inside: boolean): void {
    this.#inside = inside;
    this.#announce();
  }

  /** Opens the devices if nobody did: a page that was reloaded in mid-call, or the clinic's. */
  async openDevices(start: { readonly mic?: boolean; readonly camera?: boolean }): Promise<void> {
    if (this.devices.opened) return;
    // Whoever was muted before a reload is muted after it.
    const before = this.#recall();
    this.#wish = { mic: before?.mic ?? start.mic ?? true, camera: before?.camera ?? start.camera ?? true };
    await this.devices.open(this.#wish);
  }

  /** A new socket: the server has to be told everything again. */
  renew(): void {
    this.#told = null;
    this.#announce();
    if (!this.#inside) return;
    const sharing = this.#screenTrack !== null;
    if (sharing || this.#unshareOwed) this.#owner.send({ type: 'share', on: sharing });
    this.#unshareOwed = false;
  }

  /** The clinic silenced the microphone; the switch has to show it. */
  silenced(): void {
    void this.#switch('mic', false).catch(() => undefined);
  }

  /** The visit is over here: nothing is sent and no light stays on. */
  close(): void {
    this.#inside = false;
    this.#dropScreen();
    this.devices.close();
  }

  /** Put out of the room, but not out of the visit. */
  leftRoom(): void {
    this.inside(false);
    this.#dropScreen();
  }

  dispose(): void {
    this.#dropScreen();
    this.#cleanup.run();
  }

  #switch(source: 'mic' | 'camera', on: boolean): Promise<void> {
    this.#wish = { ...this.#wish, [source]: on };
    this.#env.page.remember(MEMORY_KEY, JSON.stringify({ visit: this.#visit, ...this.#wish }));
    return source === 'mic' ? this.devices.setMic(on) : this.devices.setCamera(on);
  }

  #follow(source: 'mic' | 'camera', device: LocalDevice): void {
    const before = this.#before[source];
    this.#before[source] = device.state;
    this.#owner.track(source, device.track);
    // A change of devices passes through "asking": the switch stays where it is meanwhile.
    if (device.state !== 'asking') {
      this[source].on.set(device.state === 'live' || device.state === 'interrupted');
      this.#announce();
    }
    if (!this.#inside || before === device.state) return;
    if (device.state === 'interrupted') this.#owner.interrupted(source);
    if (device.state === 'failed' && device.code !== null) this.#owner.fixNeeded(source, device.code);
  }

  /** Tells the server what is sent, whenever it differs from what it was told. */
  #announce(): void {
    if (!this.#inside) {
      this.#told = null;
      return;
    }
    const now = { mic: this.mic.on.value, camera: this.camera.on.value };
    const told = this.#told;
    if (told !== null && told.mic === now.mic && told.camera === now.camera) return;
    // Two devices that come on together are one piece of news; going off never waits.
    const asking = this.#before.mic === 'asking' || this.#before.camera === 'asking';
    const goesOff = told !== null && ((told.mic && !now.mic) || (told.camera && !now.camera));
    if (told !== null && asking && !goesOff) return;
    if (this.#owner.send({ type: 'sending', ...now })) this.#told = now;
  }

  #startShare(): Promise<void> {
    if (this.#screenTrack !== null) return Promise.resolve();
    this.#picking ??= this.#pick().finally(() => {
      this.#picking = null;
    });
    return this.#picking;
  }

  async #pick(): Promise<void> {
    if (this.#share === undefined) throw new BedsideError('share_unsupported');
    let stream: MediaStream;
    try {
      stream = await this.#share({ video: { frameRate: { ideal: 15, max: 30 } }, audio: false });
    } catch {
      throw new BedsideError('share_dismissed');
    }
    const track = stream.getVideoTracks()[0];
    if (track === undefined) throw new BedsideError('share_dismissed');
    if (!this.#inside) {
      track.stop();
      throw new BedsideError('wrong_state');
    }
    track.contentHint = 'detail';
    // "Stop sharing" in the browser's own bar ends the track.
    track.addEventListener('ended', () => void this.#stopShare(), { once: true });
    this.#screenTrack = track;
    this.screen.on.set(true);
    this.#owner.track('screen', track);
    try {
      await this.#owner.command({ type: 'share', on: true });
    } catch (caught) {
      // Without a socket the share is announced after the next greeting.
      if (caught instanceof BedsideError && caught.code === 'offline') return;
      this.#dropScreen();
      throw caught;
    }
  }

  #stopShare(): Promise<void> {
    if (this.#screenTrack !== null) {
      this.#dropScreen();
      this.#unshareOwed = !this.#owner.send({ type: 'share', on: false });
    }
    return Promise.resolve();
  }

  #dropScreen(): void {
    const track = this.#screenTrack;
    this.#screenTrack = null;
    track?.stop();
    this.screen.on.set(false);
    this.#owner.track('screen', null);
  }

  #recall(): { readonly mic: boolean; readonly camera: boolean } | null {
    try {
      const found: unknown = JSON.parse(this.#env.page.recall(MEMORY_KEY) ?? 'null');
      if (typeof found !== 'object' || found === null) return null;
      const { visit, mic, camera } = found as Record<string, unknown>;
      return visit === this.#visit ? { mic: mic === true, camera: camera === true } : null;
    } catch {
      return null; // Somebody else wrote there.
    }
  }
}
