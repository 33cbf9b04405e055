/**
 * Which picture goes where. Pure: people in, places out. Owns the order and the choice of large
 * pictures; sizes in pixels come from `grid.ts`.
 */
import type { Participant, TileRef } from '@bedside/client';

/** How the pictures are laid out; chosen by the person. */
export type LayoutMode =
  /** One picture large, the others in a strip. */
  | 'speaker'
  /** All of the same size. */
  | 'gallery'
  /** Two large pictures beside each other. */
  | 'side';

/** One picture. */
export interface Tile extends TileRef {
  /** Stable while the picture is the same. */
  readonly key: string;
}

/** Where everything goes. */
export interface Arrangement {
  /** The large pictures, first in reading order. */
  readonly main: readonly Tile[];
  /** The small ones. */
  readonly strip: readonly Tile[];
  /**
   * Where one's own picture stands: among the large ones, in the strip, or over the one large
   * picture, which has no control of its own then.
   */
  readonly self: 'main' | 'strip' | 'floating';
}

/** What the arrangement follows from. */
export interface LayoutInput {
  readonly people: readonly Participant[];
  readonly mode: LayoutMode;
  readonly pinned: TileRef | null;
  /** Who spoke last, other than oneself. */
  readonly lastSpeaker: string | null;
  /** Whom to show large when nothing else asks for it; patients see the clinician. */
  readonly lead: string | null;
}

function tile(seat: string, source: 'camera' | 'screen'): Tile {
  return { seat, source, key: `${seat}/${source}` };
}

function same(a: TileRef, b: TileRef): boolean {
  return a.seat === b.seat && a.source === b.source;
}

/** The pictures of the others: shared screens first, then faces in the server's order. */
function othersTiles(others: readonly Participant[]): { screens: Tile[]; faces: Tile[] } {
  return {
    screens: others.filter((person) => person.screen).map((person) => tile(person.seat, 'screen')),
    faces: others.map((person) => tile(person.seat, 'camera')),
  };
}

/** Who is most worth looking at, best first. Never empty when `faces` is not. */
function byInterest({ lead, lastSpeaker }: LayoutInput, faces: readonly Tile[]): Tile[] {
  const rank = (t: Tile) => (t.seat === lead ? 0 : t.seat === lastSpeaker ? 1 : 2);
  return [...faces].sort((a, b) => rank(a) - rank(b));
}

/** Decides where each picture goes. */
export function arrange(input: LayoutInput): Arrangement {
  const me = input.people.find((person) => person.me) ?? null;
  const others = input.people.filter((person) => !person.me);
  const { screens, faces } = othersTiles(others);
  const all = [...screens, ...faces];
  const self: Tile[] = me ? [tile(me.seat, 'camera')] : [];
  const pinned = all.find((t) => input.pinned !== null && same(t, input.pinned));
  // A sign-language interpreter is of no use as a thumbnail.
  const interpreters = faces.filter((t) =>
    others.some((person) => person.seat === t.seat && person.role === 'interpreter'),
  );

  if (all.length === 0) return { main: self, strip: [], self: 'main' };

  let main: Tile[];
  if (input.mode === 'gallery' && !pinned && screens.length === 0) {
    if (faces.length === 1) return { main: faces, strip: [], self: 'floating' };
    return {
      main: [...interpreters, ...faces.filter((t) => !interpreters.includes(t)), ...self],
      strip: [],
      self: 'main',
    };
  }
  const interest = [...(pinned ? [pinned] : []), ...screens, ...byInterest(input, faces)];
  const first = interest[0];
  if (!first) return { main: self, strip: [], self: 'main' };
  if (input.mode === 'side') {
    const second = interest.find((t) => !same(t, first));
    if (!second) return { main: [first, ...self], strip: [], self: 'main' };
    main = [first, second];
  } else {
    main = [first];
  }
  for (const t of interpreters) if (!main.some((m) => same(m, t))) main.push(t);

  const strip = all.filter((t) => !main.some((m) => same(m, t)));
  if (strip.length === 0 && main.length === 1) return { main, strip, self: 'floating' };
  return { main, strip: [...strip, ...self], self: 'strip' };
}
