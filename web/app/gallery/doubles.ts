/**
 * Typed stand-ins for the SDK's clients, for tests and for the gallery of screens. Never part of the
 * production build: nothing that the pages import leads here.
 */
import type {
  Action,
  BoardClient,
  BoardEvent,
  BoardSeat,
  BoardVisit,
  CallPath,
  CallQuality,
  ChatEntry,
  DeviceList,
  LocalDevice,
  LocalDevices,
  Participant,
  Phase,
  PictureWish,
  TileRef,
  Toggle,
  Value,
  VisitClient,
  VisitEvent,
} from '@bedside/client';

/** A value that the test sets. */
export class Held<T> implements Value<T> {
  readonly #listeners = new Set<(value: T) => void>();

  constructor(public value: T) {}

  set(value: T): void {
    this.value = value;
    for (const listener of this.#listeners) listener(value);
  }

  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    listener(this.value);
    return () => this.#listeners.delete(listener);
  }
}

const nothing = () => {};
const done = () => Promise.resolve();

function device(over: Partial<LocalDevice> = {}): LocalDevice {
  return { state: 'live', track: null, code: null, deviceId: 'built-in', ...over };
}

/** Devices that work, with any part changed. */
export function devicesDouble(over: { camera?: Partial<LocalDevice>; mic?: Partial<LocalDevice>; list?: DeviceList } = {}): LocalDevices {
  const one = (label: string) => [{ id: 'built-in', label }];
  return {
    camera: new Held(device(over.camera)),
    mic: new Held(device(over.mic)),
    list: new Held(over.list ?? { camera: one('Built-in camera'), mic: one('Built-in microphone'), speaker: [] }),
    speakerId: new Held<string | null>(null),
    canFlip: new Held(false),
    facing: new Held<'user' | 'environment'>('user'),
    opened: true,
    open: () => Promise.resolve({ camera: null, mic: null }),
    setMic: done,
    setCamera: done,
    select: done,
    flip: done,
    resume: done,
    close: nothing,
    dispose: nothing,
  };
}

/** Somebody in the room, with any part changed. */
export function participant(over: Partial<Participant> = {}): Participant {
  return {
    seat: '01SEATPATIENT',
    name: 'Rosa Alvarez',
    role: 'patient',
    state: 'in_call',
    mic: true,
    camera: true,
    screen: false,
    pictures: 'full',
    narrow: false,
    camera_rests: false,
    me: false,
    speaking: false,
    tracks: { mic: null, camera: null, screen: null },
    paused: { camera: false, screen: false },
    link: null,
    trouble: null,
    ...over,
  };
}

/** Everything that a host may do. */
export const HOST_MAY: readonly Action[] = [
  'be_in_room', 'publish_mic', 'publish_camera', 'share_screen', 'chat', 'see_waiting_room', 'message_waiting',
  'admit', 'put_back', 'remove', 'mute_other', 'invite', 'see_quality', 'end_visit',
];

/** What a test may want to be different in a visit. */
export interface VisitDoubleParts {
  phase?: Phase;
  connection?: VisitClient['connection']['value'];
  people?: readonly Participant[];
  chat?: readonly ChatEntry[];
  unread?: number;
  may?: readonly Action[];
  startedAt?: number | null;
  quality?: CallQuality;
  failure?: VisitClient['failure']['value'];
  devices?: LocalDevices;
  sound?: 'ok' | 'blocked';
  attach?: VisitClient['attach'];
  pictures?: PictureWish;
  path?: CallPath;
}

/** A visit that does nothing by itself and remembers what it was told. */
export interface VisitDouble extends VisitClient {
  readonly phase: Held<Phase>;
  readonly failure: Held<VisitClient['failure']['value']>;
  readonly people: Held<readonly Participant[]>;
  /** Every call, such as `admit 01SEAT`. */
  readonly told: string[];
}

/** Makes one. */
export function visitDouble(parts: VisitDoubleParts = {}): VisitDouble {
  const told: string[] = [];
  const tell = (what: string) => {
    told.push(what);
    return Promise.resolve();
  };
  const toggle = (on: boolean): Toggle => ({ on: new Held(on), set: done });
  const devices = parts.devices ?? devicesDouble();
  return {
    told,
    phase: new Held<Phase>(parts.phase ?? 'in_call'),
    connection: new Held(parts.connection ?? 'online'),
    me: {
      identity: new Held(null),
      mic: toggle(true),
      camera: toggle(true),
      screen: { ...toggle(false), supported: true },
      devices,
      may: new Held(parts.may ?? HOST_MAY),
      state: new Held('in_call' as const),
    },
    people: new Held(parts.people ?? []),
    queue: new Held([]),
    waiting: new Held(null),
    notes: new Held([]),
    asks: new Held([]),
    consents: new Held([]),
    chat: new Held(parts.chat ?? []),
    unread: new Held(parts.unread ?? 0),
    quality: new Held(parts.quality ?? { level: 'good', reasons: [], figures: null }),
    visitState: new Held('in_progress' as const),
    startedAt: new Held(parts.startedAt ?? null),
    clockOffsetMs: new Held(0),
    endReason: new Held(null),
    holdExpired: new Held(false),
    failure: new Held<VisitClient['failure']['value']>(parts.failure ?? null),
    pinned: new Held<TileRef | null>(null),
    pictures: new Held(parts.pictures ?? 'full'),
    path: new Held(parts.path ?? 'server'),
    sound: new Held(parts.sound ?? 'ok'),
    sendCheck: nothing,
    recheck: nothing,
    consent: nothing,
    wait: nothing,
    enter: () => tell('enter'),
    admit: (seat) => tell(`admit ${seat}`),
    putBack: (seat) => tell(`put_back ${seat}`),
    remove: (seat) => tell(`remove ${seat}`),
    muteOther: (seat) => tell(`mute_other ${seat}`),
    sendNote: (seat) => tell(`note ${seat}`),
    end: (outcome) => tell(`end ${outcome}`),
    sendChat: () => 'id',
    retryChat: nothing,
    dropChat: nothing,
    markChatRead: nothing,
    attach: parts.attach ?? (() => nothing),
    pin: nothing,
    setPictures: (wish) => tell(`pictures ${wish}`),
    playSound: done,
    takeBack: () => void tell('take_back'),
    reconnectNow: nothing,
    leave: () => void tell('leave'),
    rate: done,
    on: <K extends VisitEvent['type']>(_type: K, _listener: (event: Extract<VisitEvent, { type: K }>) => void) => nothing,
    dispose: () => void tell('dispose'),
  };
}

/** A board that shows what it was given and remembers what it was told. */
export interface BoardDouble extends BoardClient {
  readonly visits: Held<readonly BoardVisit[]>;
  readonly failure: Held<BoardClient['failure']['value']>;
  readonly told: string[];
  /** Tells whoever listens that somebody began to wait. */
  beginsToWait(visit: BoardVisit, seat: BoardSeat): void;
  /** Tells whoever listens that a colleague invites the reader. */
  invites(visit: BoardVisit): void;
}

/** Makes one. */
export function boardDouble(visits: readonly BoardVisit[] = []): BoardDouble {
  const told: string[] = [];
  const tell = (what: string) => {
    told.push(what);
    return Promise.resolve();
  };
  const listeners = new Map<BoardEvent['type'], Set<(event: BoardEvent) => void>>();
  const fire = (event: BoardEvent) => listeners.get(event.type)?.forEach((listener) => listener(event));
  return {
    told,
    beginsToWait(visit, seat) {
      fire({ type: 'waiting', visit, seat });
    },
    invites(visit) {
      fire({ type: 'invited', visit });
    },
    visits: new Held(visits),
    ready: new Held(true),
    connection: new Held('online' as const),
    clockOffsetMs: new Held(0),
    failure: new Held<BoardClient['failure']['value']>(null),
    admit: (visit, seat) => tell(`admit ${visit} ${seat}`),
    note: (visit, seat) => tell(`note ${visit} ${seat}`),
    reconnectNow: nothing,
    on: <K extends BoardEvent['type']>(type: K, listener: (event: Extract<BoardEvent, { type: K }>) => void) => {
      // A listener is only ever called with events of the type that it is kept under.
      const kept = listener as (event: BoardEvent) => void;
      const all = listeners.get(type) ?? new Set();
      listeners.set(type, all.add(kept));
      return () => void all.delete(kept);
    },
    dispose: () => void tell('dispose'),
  };
}
