/**
 * From the record of a visit's measurements to what stands on the page: lines over time for each person,
 * rows of minutes for whoever reads instead of looks, and who or what held them back. Pure.
 */
import type { Culprit, PathKind, QualityPerson, QualityStretch, VisitQuality } from '@bedside/client';

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
  /** How the others heard them, 1.0–4.5: the worst listener counts. */
  readonly score: Line;
  /** Loss on the way out and on the way in, percent. */
  readonly loss: Line;
  /** Round trip to the server, milliseconds. */
  readonly rtt: Line;
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

/** One measurement on its way into lines and rows. */
interface Moment {
  readonly atS: number;
  readonly score?: number;
  readonly upPct?: number;
  readonly downPct?: number;
  readonly rttMs?: number;
}

function qualityOf(person: QualityPerson, stretches: readonly QualityStretch[], firstUs: number): PersonQuality {
  const scores: Moment[] = [];
  const links: Moment[] = [];
  const blamed: Record<Blame, number> = { device: 0, connection: 0, server: 0 };
  const paths = new Map<PathKind, number>();
  for (const { began_at, seats, record } of stretches) {
    const offsetS = Math.round((began_at - firstUs) / 1_000_000);
    const number = seats.indexOf(person.seat);
    if (number < 0) continue;
    const heard = new Map<number, number>();
    for (const track of record.tracks) {
      if (track.from !== number && track.to !== number) continue;
      for (const { culprit, seconds } of track.summary.culprits) {
        const what = blameOf(culprit, track.from === number);
        // Several listen to one person at the same time.
        if (what !== null) blamed[what] = Math.max(blamed[what], seconds);
      }
      if (track.from !== number) continue;
      for (const [atS, mean] of track.points) if (mean > 0) heard.set(atS, Math.min(mean, heard.get(atS) ?? mean));
    }
    for (const [atS, mean] of heard) scores.push({ atS: offsetS + atS, score: mean / 100 });
    const own = record.seats.find((s) => s.seat === number);
    for (const [atS, rttMs, up, down] of own?.points ?? []) {
      links.push({ atS: offsetS + atS, rttMs, upPct: up / 10, downPct: down / 10 });
    }
    for (const { path, seconds } of own?.paths ?? []) paths.set(path, (paths.get(path) ?? 0) + seconds);
  }
  const gapS = 3 * Math.max(5, ...stretches.flatMap((s) => s.record.seats.map((seat) => seat.stretch_s)));
  const worst = (Object.entries(blamed) as [Blame, number][]).sort((a, b) => b[1] - a[1])[0];
  const rows = minutesOf([...scores, ...links]);
  return {
    person,
    minutes: rows.length,
    blame: worst && worst[1] > 0 ? { what: worst[0], seconds: worst[1] } : null,
    path: [...paths].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null,
    score: line(scores, gapS, ['score']),
    loss: line(links, gapS, ['upPct', 'downPct']),
    rtt: line(links, gapS, ['rttMs']),
    rows,
  };
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

type Field = Exclude<keyof Moment, 'atS'>;

/** A line with gaps where nothing was measured for a while. */
function line(moments: readonly Moment[], gapS: number, fields: readonly Field[]): Line {
  const atS: number[] = [];
  const values: (number | null)[][] = fields.map(() => []);
  const push = (at: number, moment: Moment | null) => {
    atS.push(at);
    fields.forEach((field, i) => values[i]?.push(moment?.[field] ?? null));
  };
  for (const moment of [...moments].sort((a, b) => a.atS - b.atS)) {
    const last = atS.at(-1);
    if (last !== undefined && moment.atS - last > gapS) push(last + 1, null);
    push(moment.atS, moment);
  }
  return { atS, values };
}

function minutesOf(moments: readonly Moment[]): MinuteRow[] {
  const byMinute = new Map<number, MinuteRow>();
  for (const moment of moments) {
    const minute = Math.floor(moment.atS / 60);
    const row = byMinute.get(minute) ?? { minute, score: null, upPct: null, downPct: null, rttMs: null };
    byMinute.set(minute, {
      minute,
      score: worse(Math.min, row.score, moment.score),
      upPct: worse(Math.max, row.upPct, moment.upPct),
      downPct: worse(Math.max, row.downPct, moment.downPct),
      rttMs: worse(Math.max, row.rttMs, moment.rttMs),
    });
  }
  return [...byMinute.values()].sort((a, b) => a.minute - b.minute);
}

function worse(pick: (a: number, b: number) => number, a: number | null, b: number | undefined): number | null {
  if (b === undefined) return a;
  return a === null ? b : pick(a, b);
}
