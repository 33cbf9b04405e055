/**
 * The public shapes of the SDK. This module holds types only; no code.
 *
 * Times that come from the server are microseconds since the Unix epoch (`Timestamp`); spans are
 * milliseconds and say so in their name.
 */

import type {
  BoardSeat,
  Action,
  CheckCode,
  CheckItem,
  CheckReport,
  ChatLine as WireChatLine,
  ConsentAsk,
  ConsentDecision,
  ConsentNow,
  EndAs,
  EndReason,
  ErrorCode,
  DirectionQuality,
  LinkQuality,
  Person,
  Pictures,
  Purpose,
  Role,
  SeatState,
  Source,
  Timestamp,
  VisitState,
  WaitingNote,
} from './protocol';
import type { Figures } from './judge';
import type { Way } from './ways-types';

/** A value that can be watched. */
export interface Value<T> {
  /** What it is now. */
  readonly value: T;
  /**
   * Calls `listener` at once and after every change. Returns the way to stop; calling that twice
   * does no harm.
   */
  subscribe(listener: (value: T) => void): () => void;
}

/** Codes that arise in the page and never come from the server. */
export type LocalErrorCode =
  /** No answer from the server: no network, or the server is away. */
  | 'offline'
  /** The caller gave up, or the object was disposed. */
  | 'aborted'
  /** The browser's picker for sharing a screen was closed. */
  | 'share_dismissed'
  /** This browser cannot share a screen. */
  | 'share_unsupported'
  /** No passkey was made or used: dismissed, out of time, or none fits. */
  | 'passkey_dismissed'
  /** The authenticator holds a passkey of this person already. */
  | 'passkey_known';

/** Everything that {@link BedsideErrorShape.code} may be. */
export type AnyErrorCode = ErrorCode | CheckCode | LocalErrorCode;

/** What every error of the SDK carries. The class is `BedsideError`. */
export interface BedsideErrorShape extends Error {
  /** Stable. Choose words and the next step by it. */
  readonly code: AnyErrorCode;
  /** When to try again, in milliseconds from the answer. */
  readonly retryAfterMs: number | undefined;
  /** Tries left, for a second check. */
  readonly triesLeft: number | undefined;
  /** Field of a form that is at fault. */
  readonly field: string | undefined;
}

// --- Devices -------------------------------------------------------------------------------

/** The kinds of device that a person can choose. */
export type DeviceKind = 'camera' | 'mic' | 'speaker';

/** One device in a menu. */
export interface DeviceChoice {
  readonly id: string;
  /** The browser's name for it; empty before the first permission. */
  readonly label: string;
}

/** All devices of the machine. */
export interface DeviceList {
  readonly camera: readonly DeviceChoice[];
  readonly mic: readonly DeviceChoice[];
  /** Empty where the browser lets nobody choose (Safari, Firefox for Android). */
  readonly speaker: readonly DeviceChoice[];
}

/** Where one local device stands. */
export interface LocalDevice {
  readonly state:
    /** Not asked for, or switched off. */
    | 'off'
    /** The browser is asking the person. */
    | 'asking'
    /** Picture or sound flows. */
    | 'live'
    /** The system took it away (telephone call, Siri); it comes back by itself or by a tap. */
    | 'interrupted'
    /** It cannot be had; see `code`. */
    | 'failed';
  /** The track that the call sends. A microphone keeps it, silent, while `off`. */
  readonly track: MediaStreamTrack | null;
  /** Why `failed`. */
  readonly code: CheckCode | null;
  /** The device in use; `null` when none. */
  readonly deviceId: string | null;
}

/** What {@link LocalDevices.open} came to. `null` means that it works. */
export interface OpenResult {
  readonly camera: CheckCode | null;
  readonly mic: CheckCode | null;
}

/**
 * The camera and microphone of this machine. One object serves device check and call, so that the
 * browser asks once only. Made by `createDevices()`.
 */
export interface LocalDevices {
  readonly camera: Value<LocalDevice>;
  readonly mic: Value<LocalDevice>;
  /** Kept up to date while devices come and go. */
  readonly list: Value<DeviceList>;
  /** The chosen loudspeaker; `null` means the system's own choice. */
  readonly speakerId: Value<string | null>;
  /** Whether `flip()` makes sense: a telephone with a camera on each side. */
  readonly canFlip: Value<boolean>;
  /** Which way the camera looks; `environment` pictures must not be mirrored. */
  readonly facing: Value<'user' | 'environment'>;
  /** Whether devices were ever asked for here. */
  readonly opened: boolean;

  /**
   * Asks for camera and microphone (both by default) in one question, and for each alone if the
   * joint question fails. Never rejects. Calling it again retries only what does not work.
   */
  open(want?: { readonly camera?: boolean; readonly mic?: boolean }): Promise<OpenResult>;
  /** Switches the microphone. Off keeps the device, silent. Rejects with a `CheckCode`. */
  setMic(on: boolean): Promise<void>;
  /** Switches the camera. Off lets go of the device, so that its light goes out. */
  setCamera(on: boolean): Promise<void>;
  /** Uses another device, also in mid-call. Rejects with a `CheckCode`; the old one comes back. */
  select(kind: DeviceKind, id: string): Promise<void>;
  /** Changes between the front and the back camera. */
  flip(): Promise<void>;
  /** Brings interrupted devices back. Call it from a tap after an interruption. */
  resume(): Promise<void>;
  /** Lets go of the devices. `open()` gets them again. */
  close(): void;
  /** Lets go of everything for good. */
  dispose(): void;
}

// --- Device check --------------------------------------------------------------------------

/** Where one item of the check stands. */
export interface CheckState {
  readonly state: 'idle' | 'asking' | 'running' | 'ok' | 'failed';
  /** Why `failed`. */
  readonly code: CheckCode | null;
}

/** The device check. Made by `createCheck()`. It opens the devices that the call will use. */
export interface DeviceCheck {
  readonly devices: LocalDevices;
  readonly camera: Value<CheckState>;
  readonly microphone: Value<CheckState>;
  readonly speaker: Value<CheckState>;
  readonly network: Value<CheckState>;
  /** Loudness at the microphone, 0 (silence) to 1 (very loud), about 20 times a second. */
  readonly level: Value<number>;
  /** Round trip to the server, in milliseconds; `null` before it was measured. */
  readonly rttMs: Value<number | null>;
  /** Measured downlink, in bit/s; `null` before it was measured. */
  readonly downlinkBps: Value<number | null>;
  /** The ways of audio and video that were tried; empty before, and where nobody could try. */
  readonly ways: Value<readonly Way[]>;
  /** What makes a visit impossible here before anything is asked; `null` when nothing. */
  readonly blocker: CheckCode | null;
  /** Whether the question to the browser is open for long: show an arrow to it. */
  readonly promptOpen: Value<boolean>;

  /** Asks for camera and microphone, then watches picture and sound. Call from a tap. */
  start(): Promise<void>;
  /** Tries one item again. */
  retry(item: CheckItem): Promise<void>;
  /** Goes on without a camera. The report says why there is none. */
  voiceOnly(): void;
  /** Plays the chime. Call from a tap. Resolves when it has sounded. */
  chime(): Promise<void>;
  /** The person's answer to "did you hear the chime?". */
  heard(yes: boolean): void;
  /** Measures round trip and throughput to the server. Runs by itself in `start()`. */
  measureNetwork(): Promise<void>;
  /** Shows the camera in a video element; returns the way to stop. */
  preview(element: HTMLVideoElement): () => void;
  /** The result so far, as the clinic sees it. */
  report(): CheckReport;
  /** Stops watching. The devices stay open for the call. */
  dispose(): void;
}

// --- The visit -----------------------------------------------------------------------------

/** What the page has to show. A lost connection does not change it; see `connection`. */
export type Phase =
  /** Not yet greeted by the server. */
  | 'hello'
  /** The device check. */
  | 'checking'
  /** The consent page. */
  | 'consenting'
  /** The waiting room. */
  | 'waiting'
  /** Let in; the call is being set up. */
  | 'admitted'
  /** In the call. */
  | 'in_call'
  /** Another device has the seat; `takeBack()` gets it back. */
  | 'taken_over'
  /** Put out by the clinic. Final. */
  | 'removed'
  /** Over; see `endReason`. Final. */
  | 'ended'
  /** The link or the sign-in does not open this visit (any more); see `failure`. Final. */
  | 'refused'
  /** The clinic closed the server for a moment. It goes on by itself. */
  | 'closing';

/** The way to the server, signalling and media together. */
export type Connection =
  | 'online'
  /** Interrupted; the page is repairing it. */
  | 'reconnecting'
  /** The browser has no network, or the server has not answered for 15 s. Repair goes on. */
  | 'offline';

/** Oneself, as the server knows one. */
export interface Identity {
  readonly seat: string;
  readonly visit: string;
  readonly role: Role;
  readonly name: string;
  readonly hostName: string;
  readonly scheduledAt: Timestamp;
}

/** Place in the queue, told honestly. */
export interface WaitingInfo {
  readonly ahead: number;
  readonly hostBusy: boolean;
  readonly hostHere: boolean;
  readonly since: Timestamp;
}

/** Somebody in the room, oneself included. */
export interface Participant extends Person {
  /** Oneself. */
  readonly me: boolean;
  /** Speaks now. */
  readonly speaking: boolean;
  /** Remote tracks (one's own local tracks for oneself); `null` while there is none. */
  readonly tracks: Readonly<Record<Source, MediaStreamTrack | null>>;
  /** Pictures that the server, or their page, paused so that the sound stays good. */
  readonly paused: Readonly<Record<'camera' | 'screen', boolean>>;
  /** How good the link is, for those who may see it. */
  readonly link: LinkQuality | null;
  /** The gravest trouble that starts at this person, for those who may see it; `null` for none. */
  readonly trouble: DirectionQuality | null;
}

/** One line of chat. */
export interface ChatEntry extends Omit<WireChatLine, 'seq'> {
  /** Place in the visit's chat; `null` until the server has it. */
  readonly seq: number | null;
  readonly mine: boolean;
  /** `failed` lines can be sent again with `retryChat(id)` or dropped with `dropChat(id)`. */
  readonly state: 'sending' | 'sent' | 'failed';
  /** Why it failed. */
  readonly error: AnyErrorCode | null;
}

/** Why a call is not good. */
export type QualityReason =
  | 'uplink_loss'
  | 'downlink_loss'
  | 'delay'
  | 'jitter'
  | 'uplink_bandwidth'
  | 'slow_device'
  | 'video_paused';

/** How good the call is, seen from here. */
export interface CallQuality {
  /** `audio_only`: the server paused pictures to keep the sound. */
  readonly level: 'good' | 'fair' | 'poor' | 'audio_only';
  /** Worst first. */
  readonly reasons: readonly QualityReason[];
  /** The last figures; `null` before the first. */
  readonly figures: Figures | null;
}

/** A switch with a state. */
export interface Toggle {
  /** What the person wants and the server enforces. */
  readonly on: Value<boolean>;
  /** Rejects with a `CheckCode` when the device cannot be had. */
  set(on: boolean): Promise<void>;
}

/** Sharing one's screen. */
export interface ScreenShare extends Toggle {
  /** Whether this browser can. Telephones cannot. */
  readonly supported: boolean;
}

/** One's own side of the call. */
export interface LocalPerson {
  /** `null` before the server's welcome. */
  readonly identity: Value<Identity | null>;
  readonly mic: Toggle;
  readonly camera: Toggle;
  readonly screen: ScreenShare;
  readonly devices: LocalDevices;
  /** What one may do. Buttons follow it; the server checks again. */
  readonly may: Value<readonly Action[]>;
  /** The seat's state on the server. */
  readonly state: Value<SeatState | null>;
}

/** One picture of one person. */
export interface TileRef {
  readonly seat: string;
  readonly source: 'camera' | 'screen';
}

/**
 * Which pictures one takes part with; the others see it. `small`: the others' faces come in their
 * smallest size, shared screens in full. `none`: sound only; no picture comes in, and one's own camera
 * is off. Switching the camera on ends that.
 */
export type PictureWish = Pictures;

/**
 * The way that sound and pictures take: through the clinic's server, directly to the only other
 * person, or directly over the clinic's relay.
 */
export type CallPath = 'server' | 'direct' | 'relayed';

/** What a page may want to announce. */
export type VisitEvent =
  | { readonly type: 'admitted' }
  | { readonly type: 'put_back' }
  | { readonly type: 'consent_withdrawn' }
  /** The place was held for five minutes and is gone; see {@link VisitClient.holdExpired}. */
  | { readonly type: 'hold_expired' }
  | { readonly type: 'joined'; readonly person: Participant }
  | { readonly type: 'left'; readonly seat: string; readonly name: string }
  /** Somebody began to wait for this visit (only to those who may see the waiting room). */
  | { readonly type: 'waiting'; readonly seat: BoardSeat }
  | { readonly type: 'note'; readonly note: WaitingNote }
  /** New lines of others. Not sent for lines that were there before. */
  | { readonly type: 'chat'; readonly lines: readonly ChatEntry[] }
  | { readonly type: 'muted_by_clinic' }
  | { readonly type: 'reconnecting' }
  | { readonly type: 'recovered'; readonly afterMs: number }
  /** The system took a device; show "tap to return" and call `devices.resume()`. */
  | { readonly type: 'interrupted'; readonly source: 'mic' | 'camera' }
  /** A device stopped working in the call. */
  | { readonly type: 'fix_needed'; readonly source: 'mic' | 'camera'; readonly code: CheckCode }
  | { readonly type: 'ended'; readonly reason: EndReason }
  /** Something was refused and nobody waits for the answer. */
  | { readonly type: 'error'; readonly error: BedsideErrorShape };

/** How to attach a picture. */
export interface AttachOptions {
  /** Most important to this viewer; also see `pin()`. */
  readonly pinned?: boolean;
}

/** How to open a visit. */
export interface VisitOptions {
  /** Which visit. */
  readonly visit: string;
  /** Which seat, for guests. Clinic people have one seat per visit and leave it out. */
  readonly seat?: string;
  /** The devices of the check; made anew when left out. */
  readonly devices?: LocalDevices;
  /** Clinic people: enter the call as soon as the server greets. */
  readonly enter?: boolean;
  /** Whether to begin with the microphone or camera on. Both by default. */
  readonly start?: { readonly mic?: boolean; readonly camera?: boolean };
}

/** One visit, from the first word to the goodbye. Made by `createVisit()`; connects at once. */
export interface VisitClient {
  readonly phase: Value<Phase>;
  readonly connection: Value<Connection>;
  readonly me: LocalPerson;
  /** Everybody inside, in the server's order; empty before admission. */
  readonly people: Value<readonly Participant[]>;
  /** Others who wait for this visit; empty for those who may not see the waiting room. */
  readonly queue: Value<readonly BoardSeat[]>;
  readonly waiting: Value<WaitingInfo | null>;
  readonly notes: Value<readonly WaitingNote[]>;
  readonly asks: Value<readonly ConsentAsk[]>;
  readonly consents: Value<readonly ConsentNow[]>;
  readonly chat: Value<readonly ChatEntry[]>;
  /** Lines of others after the last `markChatRead()`. */
  readonly unread: Value<number>;
  readonly quality: Value<CallQuality>;
  readonly visitState: Value<VisitState | null>;
  /** Since when the visit has been in progress. */
  readonly startedAt: Value<Timestamp | null>;
  /** Server clock minus this machine's clock, in milliseconds. */
  readonly clockOffsetMs: Value<number>;
  readonly endReason: Value<EndReason | null>;
  /**
   * One was away for so long that the place in the call was given up. Guests stand at the device
   * check then and may ask to come in again; clinic people enter again. Back to `false` with that.
   */
  readonly holdExpired: Value<boolean>;
  /** Why the phase is `refused`. */
  readonly failure: Value<BedsideErrorShape | null>;
  readonly pinned: Value<TileRef | null>;
  readonly pictures: Value<PictureWish>;
  readonly path: Value<CallPath>;
  /** `blocked`: the browser wants a tap before it plays sound; call `playSound()` from one. */
  readonly sound: Value<'ok' | 'blocked'>;

  // A guest's way in.
  /** Hands in the device check. Kept and sent again until the server has it. */
  sendCheck(report: CheckReport): void;
  /** Back from consent to the device check. */
  recheck(): void;
  /** Answers or takes back a consent. Kept and sent again until the server has it. */
  consent(purpose: Purpose, decision: ConsentDecision, textVersion: string, locale: string): void;
  /** Goes to the waiting room. */
  wait(): void;

  // The clinic. Each resolves when the server has done it and rejects with its code.
  enter(): Promise<void>;
  admit(seat: string): Promise<void>;
  putBack(seat: string): Promise<void>;
  remove(seat: string): Promise<void>;
  muteOther(seat: string): Promise<void>;
  /** Writes to somebody who waits for this visit. */
  sendNote(seat: string, text: string): Promise<void>;
  end(outcome: EndAs): Promise<void>;

  // In the call.
  /** Sends a chat line; returns its id. Throws `bad_field` when empty or too long. */
  sendChat(text: string): string;
  retryChat(id: string): void;
  dropChat(id: string): void;
  markChatRead(): void;
  /**
   * Shows somebody's picture in a video element and tells the server how large it is. Follows
   * track changes by itself. Returns the way to stop. Sound is played by the SDK.
   */
  attach(
    element: HTMLVideoElement,
    seat: string,
    source: 'camera' | 'screen',
    options?: AttachOptions,
  ): () => void;
  pin(tile: TileRef | null): void;
  /**
   * Chooses the pictures. A camera that `none` switched off comes back with the next choice; rejects
   * with a `CheckCode` when it cannot be had then.
   */
  setPictures(wish: PictureWish): Promise<void>;
  playSound(): Promise<void>;
  /** Gets the seat back after `taken_over`. */
  takeBack(): void;
  /** Tries to reconnect now instead of at the next turn. */
  reconnectNow(): void;
  /** Leaves. The link still works while the visit lives. */
  leave(): void;
  /** Rates the visit, 1–5, also after its end. */
  rate(stars: number): Promise<void>;

  on<K extends VisitEvent['type']>(
    type: K,
    listener: (event: Extract<VisitEvent, { type: K }>) => void,
  ): () => void;
  /** Ends everything that runs, devices included unless they were handed in. */
  dispose(): void;
}

export type { BoardClient, BoardEvent } from './board-types';
