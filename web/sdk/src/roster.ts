/**
 * Who is in the room. Puts together what the server says about people with the tracks that came,
 * and tells who joined and left. Owns no decision about anybody.
 */

import type { DirectionQuality, LinkQuality, Person, ServerMessage, Source } from './protocol';
import { trackKey } from './media';
import { Cell } from './signal';
import type { Participant } from './types';

type Room = Extract<ServerMessage, { type: 'room' }>;
export type LocalTracks = Readonly<Record<Source, MediaStreamTrack | null>>;

export const NO_TRACKS: LocalTracks = { mic: null, camera: null, screen: null };

/** What changed between two rooms. */
export interface RoomChange {
  readonly joined: readonly Participant[];
  readonly left: readonly { readonly seat: string; readonly name: string }[];
}

const PICTURES = ['camera', 'screen'] as const;

export class Roster {
  readonly people = new Cell<readonly Participant[]>([]);

  #mySeat = '';
  #revision = -1;
  #persons: readonly Person[] = [];
  #speaking: string | null = null;
  /** Who speaks as it is heard here, past the server; `undefined` while the server hears everybody. */
  #heardSpeaking: string | null | undefined = undefined;
  #remote: ReadonlyMap<string, MediaStreamTrack> = new Map();
  /** Tracks that come another way than through the server, and are shown instead. */
  #instead: ReadonlyMap<string, MediaStreamTrack> | null = null;
  #local: LocalTracks = NO_TRACKS;
  readonly #paused = new Set<string>();
  #links: ReadonlyMap<string, LinkQuality> = new Map();
  #troubles: ReadonlyMap<string, DirectionQuality> = new Map();

  /** A new socket: revisions start anew, and who is oneself is known. */
  greeted(mySeat: string): void {
    this.#mySeat = mySeat;
    this.#revision = -1;
    this.#paused.clear();
  }

  /** Takes a room in; `null` when it is older than the one known. */
  room(room: Room): RoomChange | null {
    if (room.revision < this.#revision) return null;
    this.#revision = room.revision;
    const before = this.#persons;
    const known = new Set(before.map((p) => p.seat));
    const now = new Set(room.people.map((p) => p.seat));
    this.#persons = room.people;
    for (const key of this.#paused) {
      if (!now.has(key.slice(key.indexOf(' ') + 1))) this.#paused.delete(key);
    }
    this.#publish();
    // Whoever enters a room finds people there; they did not just join.
    if (before.length === 0) return { joined: [], left: [] };
    return {
      joined: this.people.value.filter((p) => !p.me && !known.has(p.seat)),
      left: before
        .filter((p) => !now.has(p.seat) && p.seat !== this.#mySeat)
        .map(({ seat, name }) => ({ seat, name })),
    };
  }

  speaking(seat: string | null): void {
    this.#speaking = seat;
    this.#publish();
  }

  heardSpeaking(seat: string | null | undefined): void {
    if (seat === this.#heardSpeaking) return;
    this.#heardSpeaking = seat;
    this.#publish();
  }

  paused(seat: string, source: Source, paused: boolean): void {
    if (paused) this.#paused.add(trackKey(seat, source));
    else this.#paused.delete(trackKey(seat, source));
    this.#publish();
  }

  /** How everybody's link is, and what stands in the way between people, the gravest first. */
  quality(links: readonly LinkQuality[], directions: readonly DirectionQuality[]): void {
    this.#links = new Map(links.map((link) => [link.seat, link]));
    // What comes first is the gravest: a later one about the same person does not replace it.
    this.#troubles = new Map([...directions].reverse().map((way) => [way.subject === 'receiver' ? way.to : way.from, way]));
    this.#publish();
  }

  remote(tracks: ReadonlyMap<string, MediaStreamTrack>): void {
    this.#remote = tracks;
    this.#publish();
  }

  instead(tracks: ReadonlyMap<string, MediaStreamTrack> | null): void {
    this.#instead = tracks;
    this.#publish();
  }

  local(tracks: LocalTracks): void {
    this.#local = tracks;
    this.#publish();
  }

  /** One is not in the room any more. */
  clear(): void {
    this.#persons = [];
    this.#revision = -1;
    this.#speaking = null;
    this.#heardSpeaking = undefined;
    this.#paused.clear();
    this.#links = new Map();
    this.#troubles = new Map();
    this.#publish();
  }

  /** Whether the server paused every picture that others send. */
  get allPicturesPaused(): boolean {
    const sent = this.people.value.flatMap((p) => (p.me ? [] : PICTURES.filter((source) => p[source]).map((source) => trackKey(p.seat, source))));
    return sent.length > 0 && sent.every((key) => this.#paused.has(key));
  }

  /** The sound of everybody else. */
  get voices(): MediaStreamTrack[] {
    return this.people.value.flatMap((p) => (!p.me && p.tracks.mic !== null ? [p.tracks.mic] : []));
  }

  #publish(): void {
    const before = new Map(this.people.value.map((p) => [p.seat, p]));
    // People who did not change stay the same object, so that a page can skip them.
    const after = this.#persons.map((person) => {
      const made = this.#make(person);
      const old = before.get(person.seat);
      return old !== undefined && alike(old, made) ? old : made;
    });
    const unchanged =
      after.length === this.people.value.length && after.every((p, i) => p === this.people.value[i]);
    if (!unchanged) this.people.set(after);
  }

  #make(person: Person): Participant {
    const { seat } = person;
    const me = seat === this.#mySeat;
    const track = (source: Source) => {
      const key = trackKey(seat, source);
      return this.#instead?.get(key) ?? this.#remote.get(key) ?? null;
    };
    return {
      ...person,
      me,
      speaking: seat === (this.#heardSpeaking === undefined ? this.#speaking : this.#heardSpeaking),
      tracks: me ? this.#local : { mic: track('mic'), camera: track('camera'), screen: track('screen') },
      paused: {
        camera: person.camera_rests || this.#paused.has(trackKey(seat, 'camera')),
        screen: this.#paused.has(trackKey(seat, 'screen')),
      },
      link: this.#links.get(seat) ?? null,
      trouble: this.#troubles.get(seat) ?? null,
    };
  }
}

/** Whether two descriptions of one person say the same, two levels deep. */
function alike(a: Participant, b: Participant): boolean {
  const shallow = (x: object, y: object) =>
    Object.entries(y).every(([key, value]) => (x as Record<string, unknown>)[key] === value);
  const { tracks, paused, link, trouble, ...rest } = b;
  return (
    shallow(a, rest) &&
    shallow(a.tracks, tracks) &&
    shallow(a.paused, paused) &&
    (link === null || a.link === null ? link === a.link : shallow(a.link, link)) &&
    JSON.stringify(a.trouble) === JSON.stringify(trouble)
  );
}
