/**
 * From the record of a visit's measurements to what stands on the page: lines over time for each person,
 * rows of minutes for whoever reads instead of looks, and who or what held them back. Pure.
 */
import type { Culprit, PathKind, QualityPerson, QualityPoint, QualityStretch, QualityTrack, VisitQuality } from '@bedside/client';

type Summary = QualityTrack['summary'];

/** A line over time; `null` is a gap. */
export interface Line {
  /** Seconds since the first measurement of the visit. */
  readonly atS: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

/** The worst of one minute; `null` when nobody measured. */
export interface MinuteRow {
  readonly minute: number;
  readonly score: number | null;
  readonly upPct: number | null;
  readonly downPct: number | null;
  readonly rttMs: number | null;
  readonly jitterMs: number | null;
  readonly frozenPct: number | null;
  readonly lines: number | null;
}

/** What held somebody back. */
export type Blame = 'device' | 'connection' | 'server';

/** How the call was for one person. */
export interface PersonQuality {
  readonly person: QualityPerson;
  /** Minutes that were measured, rounded up. */
  readonly minutes: number;
  /** What held them back longest, and for how many seconds. */
  readonly blame: { readonly what: Blame; readonly seconds: number } | null;
  /** The kind of path that was used longest. */
  readonly path: PathKind | null;
  /** What carried their sound and their picture last. */
  readonly carried: Readonly<{ sound: Summary['codec']; picture: Summary['picture_codec'] }>;
  /** How the others heard them, 1.0–4.5: the worst listener counts. */
  readonly score: Line;
  /** Loss on the way out and on the way in, percent. */
  readonly loss: Line;
  /** Round trip to the server, milliseconds. */
  readonly rtt: Line;
  /** Unevenness of their sound where the others heard it, milliseconds: the worst listener counts. */
  readonly jitter: Line;
  /** For how much of the time their picture stood still where the others saw it, percent: the worst counts. */
  readonly frozen: Line;
  /** Height of their picture where the others saw it, lines of a 16:9 picture: the smallest counts. */
  readonly height: Line;
  readonly rows: readonly MinuteRow[];
}

/** Everybody who was measured, patients first. */
export function peopleOf(visit: VisitQuality): PersonQuality[] {
  const first = visit.stretches[0]?.began_at ?? 0;
  const people = visit.people.map((person) => qualityOf(person, visit.stretches, first));
  return people.filter((p) => p.minutes > 0).sort((a, b) => rank(a.person) - rank(b.person));
}

function rank({ role }: QualityPerson): number {
  return role === 'patient' ? 0 : role === 'host' ? 1 : 2;
}

type Field = Exclude<keyof MinuteRow, 'minute'>;

/** One measurement on its way into lines and rows. A figure is `null` where it is known that there is none. */
type Moment = { readonly atS: number } & { readonly [F in Field]?: number | null };

/** Which of two figures is the worse. */
const WORSE: Readonly<Record<Field, (a: number, b: number) => number>> = {
  score: Math.min,
  upPct: Math.max,
  downPct: Math.max,
  rttMs: Math.max,
  jitterMs: Math.max,
  frozenPct: Math.max,
  lines: Math.min,
};
const FIELDS = Object.keys(WORSE) as Field[];

function qualityOf(person: QualityPerson, stretches: readonly QualityStretch[], firstUs: number): PersonQuality {
  // At each of the others, and of those the worst at a time.
  const each: Moment[] = [];
  const arrived: Moment[] = [];
  const links: Moment[] = [];
  const blamed: Record<Blame, number> = { device: 0, connection: 0, server: 0 };
  const paths = new Map<PathKind, number>();
  let carried: PersonQuality['carried'] = { sound: 'unknown', picture: 'unknown' };
  for (const { began_at, seats, record } of stretches) {
    const offsetS = Math.round((began_at - firstUs) / 1_000_000);
    const number = seats.indexOf(person.seat);
    if (number < 0) continue;
    const here: Moment[] = [];
    // Whoever came later has shorter stretches: side by side, they are as long as the longest.
    let stretchS = 1;
    for (const track of record.tracks) {
      if (track.from !== number && track.to !== number) continue;
      for (const { culprit, seconds } of track.summary.culprits) {
        const what = blameOf(culprit, track.from === number);
        // Several listen to one person at the same time.
        if (what !== null) blamed[what] = Math.max(blamed[what], seconds);
      }
      if (track.from !== number) continue;
      carried = { sound: track.summary.codec, picture: track.summary.picture_codec };
      stretchS = Math.max(stretchS, track.stretch_s);
      here.push(...track.points.map(arrival));
    }
    const later = (moment: Moment): Moment => ({ ...moment, atS: offsetS + moment.atS });
    each.push(...here.map(later));
    arrived.push(...joined(here, stretchS).map(later));
    const own = record.seats.find((s) => s.seat === number);
    for (const [atS, rttMs, up, down] of own?.points ?? []) {
      links.push({ atS: offsetS + atS, rttMs, upPct: up / 10, downPct: down / 10 });
    }
    for (const { path, seconds } of own?.paths ?? []) paths.set(path, (paths.get(path) ?? 0) + seconds);
  }
  const gapS = 3 * Math.max(5, ...stretches.flatMap((s) => s.record.seats.map((seat) => seat.stretch_s)));
  const worst = (Object.entries(blamed) as [Blame, number][]).sort((a, b) => b[1] - a[1])[0];
  const rows = minutesOf([...each, ...links]);
  return {
    person,
    minutes: rows.length,
    blame: worst && worst[1] > 0 ? { what: worst[0], seconds: worst[1] } : null,
    path: [...paths].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null,
    carried,
    score: line(arrived, gapS, ['score']),
    loss: line(links, gapS, ['upPct', 'downPct']),
    rtt: line(links, gapS, ['rttMs']),
    jitter: line(arrived, gapS, ['jitterMs']),
    frozen: line(arrived, gapS, ['frozenPct']),
    height: line(arrived, gapS, ['lines']),
    rows,
  };
}

/** What one of the others heard and saw. */
function arrival([atS, sound, , picture, , , jitterMs, frozen, kpx]: QualityPoint): Moment {
  // What is not scored was off, or nobody looked: browsers go on to count the last size of such a picture.
  const seen = picture > 0 && kpx > 0;
  return {
    atS,
    ...(sound > 0 ? { score: sound / 100, jitterMs } : {}),
    frozenPct: seen ? frozen / 10 : null,
    lines: seen ? linesOf(kpx) : null,
  };
}

/** Height of a 16:9 picture of so many thousands of pixels. Heights are even, and thousands are rounded. */
function linesOf(kpx: number): number {
  return 2 * Math.round(Math.sqrt((kpx * 1_000 * 9) / 16) / 2);
}

/** What a culprit is for the person who sends (or else receives). */
function blameOf(culprit: Culprit, sends: boolean): Blame | null {
  switch (culprit) {
    case 'server':
      return 'server';
    case 'sender_device':
      return sends ? 'device' : null;
    case 'sender_uplink':
      return sends ? 'connection' : null;
    case 'receiver_device':
      return sends ? null : 'device';
    case 'receiver_downlink':
      return sends ? null : 'connection';
    case 'none':
      return null;
  }
}

/** A line with gaps where nothing was measured for a while, and where there was nothing to measure. */
function line(moments: readonly Moment[], gapS: number, fields: readonly Field[]): Line {
  const atS: number[] = [];
  const values: (number | null)[][] = fields.map(() => []);
  const push = (at: number, moment: Moment | null) => {
    atS.push(at);
    fields.forEach((field, i) => values[i]?.push(moment?.[field] ?? null));
  };
  const measured = moments.filter((moment) => fields.some((field) => moment[field] !== undefined));
  for (const moment of measured.sort((a, b) => a.atS - b.atS)) {
    const last = atS.at(-1);
    if (last !== undefined && moment.atS - last > gapS) push(last + 1, null);
    push(moment.atS, moment);
  }
  return { atS, values };
}

function minutesOf(moments: readonly Moment[]): MinuteRow[] {
  return joined(moments, 60)
    .filter((moment) => FIELDS.some((field) => typeof moment[field] === 'number'))
    .map(({ atS, score = null, upPct = null, downPct = null, rttMs = null, jitterMs = null, frozenPct = null, lines = null }) => ({
      minute: atS / 60,
      score,
      upPct,
      downPct,
      rttMs,
      jitterMs,
      frozenPct,
      lines,
    }))
    .sort((a, b) => a.minute - b.minute);
}

/** The worst of each stretch of so many seconds. */
function joined(moments: readonly Moment[], stretchS: number): Moment[] {
  const byTime = new Map<number, Moment>();
  for (const moment of moments) {
    const atS = Math.floor(moment.atS / stretchS) * stretchS;
    byTime.set(atS, worseOf(byTime.get(atS), { ...moment, atS }));
  }
  return [...byTime.values()];
}

function worseOf(a: Moment | undefined, b: Moment): Moment {
  if (a === undefined) return b;
  const figures = { ...a, ...b } as { atS: number } & { [F in Field]?: number | null };
  for (const field of FIELDS) {
    const [one, other] = [a[field], b[field]];
    // A figure goes before the word that there is none, and that before silence.
    if (typeof one === 'number') figures[field] = typeof other === 'number' ? WORSE[field](one, other) : one;
  }
  return figures;
}
