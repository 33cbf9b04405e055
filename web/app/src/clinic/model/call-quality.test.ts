import { describe, expect, it } from 'vitest';
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
    expect(rosa?.rows[0]).toMatchObject({ minute: 0, downPct: 0.4 });
  });

  it('is empty when nothing was measured', () => {
    expect(peopleOf({ people: callQuality().people, stretches: [] })).toEqual([]);
  });
});
