import { describe, expect, it } from 'vitest';
import type { QualityPoint, QualityTrack, VisitQuality } from '@bedside/client';
import { peopleOf } from './call-quality';
import { callQuality } from '../../../gallery/quality';

describe('the record of a visit on the page', () => {
  const [rosa, doctor, ...others] = peopleOf(callQuality());

  it('shows who was measured, the patient first', () => {
    expect(rosa?.person.name).toBe('Rosa Alvarez');
    expect(doctor?.person.role).toBe('host');
    // Somebody who was invited and never came has no line.
    expect(others).toEqual([]);
  });

  it('has a line for what each figure was, and a gap where nobody measured', () => {
    expect(rosa?.score.atS).toHaveLength(rosa?.score.values[0]?.length ?? 0);
    expect(rosa?.loss.values).toHaveLength(2);
    expect(rosa?.rtt.values[0]).toContain(null);
    expect(Math.max(...(rosa?.loss.values[0] ?? []).map((v) => v ?? 0))).toBe(12);
    expect(Math.max(...(rosa?.loss.values[1] ?? []).map((v) => v ?? 0))).toBe(0.4);
  });

  it('says what held a person back, and nothing of what held others back', () => {
    expect(rosa?.blame).toEqual({ what: 'connection', seconds: 240 });
    expect(rosa?.path).toBe('turn_tls');
    expect(doctor?.blame).toBeNull();
    expect(doctor?.path).toBe('sfu');
  });

  it('gives the worst of each minute for those who read', () => {
    expect(rosa?.minutes).toBe(rosa?.rows.length);
    const bad = rosa?.rows.find((row) => row.upPct === 12);
    expect(bad?.score).toBeLessThan(3.1);
    expect(rosa?.rows[0]).toMatchObject({ minute: 0, downPct: 0.4, jitterMs: 6, frozenPct: 0, lines: 360 });
  });

  it('is empty when nothing was measured', () => {
    expect(peopleOf({ people: callQuality().people, stretches: [] })).toEqual([]);
  });
});

describe('how somebody’s sound and picture arrived', () => {
  /** Second, score of the sound, score of the picture, jitter, frozen, thousands of pixels. */
  type Row = readonly [number, number, number, number, number, number];
  const row = ([atS, sound, picture, jitterMs, frozen, kpx]: Row): QualityPoint => [atS, sound, sound, picture, 0, 60, jitterMs, frozen, kpx];
  const whole = callQuality();
  const [began] = whole.stretches;
  const [anyTrack] = began?.record.tracks ?? [];

  function track(from: number, to: number, rows: readonly Row[], stretch_s = 5): QualityTrack {
    if (!anyTrack) throw new Error('the fixture has no direction');
    return { ...anyTrack, from, to, stretch_s, points: rows.map(row) };
  }

  /** A stretch of the visit per list of directions, ten minutes apart. */
  function visitOf(...stretches: readonly QualityTrack[][]): VisitQuality {
    return {
      people: whole.people,
      stretches: stretches.map((tracks, n) => ({
        began_at: 1_000_000 * (7 + 600 * n),
        seats: ['rosa', 'imani', 'ines'],
        record: { v: 1, tracks, seats: [], ignored: 0 },
      })),
    };
  }

  const rosaOf = (...stretches: QualityTrack[][]) => peopleOf(visitOf(...stretches))[0];

  it('is drawn in milliseconds, percent and the lines that people know', () => {
    const heights = [14, 58, 130, 230, 518, 922, 2_074];
    const rosa = rosaOf([track(0, 1, heights.map((kpx, n) => [5 * n, 430, 410, 10 + n, 125 * n, kpx]))]);
    expect(rosa?.height.values).toEqual([[88, 180, 270, 360, 540, 720, 1_080]]);
    expect(rosa?.jitter.values).toEqual([[10, 11, 12, 13, 14, 15, 16]]);
    expect(rosa?.frozen.values).toEqual([[0, 12.5, 25, 37.5, 50, 62.5, 75]]);
    expect(rosa?.height.atS).toEqual([0, 5, 10, 15, 20, 25, 30]);
  });

  it('is what the others got of a person, and nothing of what the person got', () => {
    const people = peopleOf(visitOf([track(0, 1, [[0, 430, 410, 40, 300, 58]]), track(1, 0, [[0, 430, 410, 5, 0, 922]])]));
    expect(people.map((p) => [p.person.seat, p.height.values, p.jitter.values, p.frozen.values])).toEqual([
      ['rosa', [[180]], [[40]], [[30]]],
      ['imani', [[720]], [[5]], [[0]]],
    ]);
  });

  it('has a gap where there was no picture, however short, and never a line at 0', () => {
    const rosa = rosaOf([track(0, 1, [[0, 430, 410, 6, 0, 230], [5, 430, 0, 6, 0, 0], [10, 430, 410, 6, 20, 230]])]);
    expect(rosa?.height.values).toEqual([[360, null, 360]]);
    expect(rosa?.frozen.values).toEqual([[0, null, 2]]);
    expect(rosa?.jitter.values).toEqual([[6, 6, 6]]);
  });

  it('does not take the last size of a camera that is off for a picture', () => {
    const rosa = rosaOf([track(0, 1, [[0, 430, 410, 6, 0, 922], [5, 430, 0, 6, 0, 922]])]);
    expect(rosa?.height.values).toEqual([[720, null]]);
  });

  it('has no unevenness where nothing was heard, as it has no score', () => {
    const rosa = rosaOf([track(0, 1, [[0, 430, 410, 6, 0, 230], [5, 0, 410, 6, 0, 230], [60, 430, 410, 7, 0, 230]])]);
    expect(rosa?.jitter).toEqual({ atS: [0, 1, 60], values: [[6, null, 7]] });
    expect(rosa?.score.values).toEqual([[4.3, null, 4.3]]);
    expect(rosa?.height.values).toEqual([[360, 360, null, 360]]);
  });

  it('has a gap where nobody measured, within a stretch of the visit and between two', () => {
    const rosa = rosaOf([track(0, 1, [[0, 430, 410, 6, 0, 230], [30, 430, 410, 6, 0, 230]])], [track(0, 1, [[0, 430, 410, 9, 0, 922]])]);
    const gaps = { atS: [0, 1, 30, 31, 600] };
    expect(rosa?.height).toEqual({ ...gaps, values: [[360, null, 360, null, 720]] });
    expect(rosa?.jitter).toEqual({ ...gaps, values: [[6, null, 6, null, 9]] });
    expect(rosa?.frozen).toEqual({ ...gaps, values: [[0, null, 0, null, 0]] });
  });

  it('is the worst of several who listen and look, one without a picture aside', () => {
    const rosa = rosaOf([
      track(0, 1, [[0, 430, 410, 6, 0, 922], [5, 430, 410, 30, 10, 922], [10, 430, 0, 6, 0, 0]]),
      track(0, 2, [[0, 250, 410, 45, 200, 58], [5, 0, 0, 99, 0, 0], [10, 430, 0, 6, 0, 0]]),
    ]);
    expect(rosa?.score.values).toEqual([[2.5, 4.3, 4.3]]);
    expect(rosa?.jitter.values).toEqual([[45, 30, 6]]);
    expect(rosa?.frozen.values).toEqual([[20, 1, null]]);
    expect(rosa?.height.values).toEqual([[180, 720, null]]);
  });

  it('is one line where somebody who came later is measured in shorter stretches', () => {
    const rosa = rosaOf([
      track(0, 1, [[0, 430, 410, 30, 0, 230], [10, 430, 410, 30, 0, 230], [20, 430, 410, 30, 0, 230]], 10),
      track(0, 2, [[10, 430, 410, 5, 0, 922], [15, 430, 410, 50, 70, 922], [20, 430, 410, 5, 0, 922], [25, 430, 410, 5, 0, 58]], 5),
    ]);
    expect(rosa?.jitter).toEqual({ atS: [0, 10, 20], values: [[30, 50, 30]] });
    expect(rosa?.frozen).toEqual({ atS: [0, 10, 20], values: [[0, 7, 0]] });
    expect(rosa?.height).toEqual({ atS: [0, 10, 20], values: [[360, 360, 180]] });
  });

  it('stands in the rows as the worst of each minute, and as nothing where there was nothing', () => {
    const rosa = rosaOf([
      track(0, 1, [[0, 430, 410, 6, 0, 922], [30, 430, 410, 41, 150, 230], [60, 0, 0, 6, 0, 0], [70, 430, 0, 8, 0, 0], [120, 0, 0, 6, 0, 922]]),
      track(0, 2, [[40, 430, 410, 12, 5, 518]]),
    ]);
    expect(rosa?.rows.map(({ minute, jitterMs, frozenPct, lines }) => [minute, jitterMs, frozenPct, lines])).toEqual([
      [0, 41, 15, 360],
      [1, 8, null, null],
    ]);
  });
});
