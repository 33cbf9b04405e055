import { describe, expect, it } from 'vitest';
import { finding, worstFirst } from './quality';
import { link } from '../../../gallery/fixtures';

describe('a connection in one finding', () => {
  it.each([
    [{ kind: 'good' }, link()],
    [{ kind: 'good' }, link({ uplink_loss_pct: 2.4 })],
    [{ kind: 'uplink_loss', pct: 8 }, link({ level: 'poor', uplink_loss_pct: 8.2 })],
    [{ kind: 'downlink_loss', pct: 12 }, link({ level: 'poor', downlink_loss_pct: 11.6 })],
    [{ kind: 'both_loss', upPct: 5, downPct: 6 }, link({ level: 'poor', uplink_loss_pct: 5, downlink_loss_pct: 6 })],
    [{ kind: 'delay', seconds: 0.6 }, link({ level: 'fair', rtt_ms: 612 })],
    [{ kind: 'narrow' }, link({ level: 'fair', downlink_bps: 90_000 })],
    [{ kind: 'unsteady' }, link({ level: 'fair' })],
    [{ kind: 'lost' }, link({ level: 'lost', uplink_loss_pct: 40 })],
  ])('%j', (want, figures) => expect(finding(figures)).toEqual(want));

  it('does not take "unknown" for narrow', () => expect(finding(link({ downlink_bps: 0 }))).toEqual({ kind: 'good' }));

  it('keeps impossible figures in range', () => {
    expect(finding(link({ uplink_loss_pct: Number.NaN }))).toEqual({ kind: 'good' });
    expect(finding(link({ uplink_loss_pct: 400 }))).toEqual({ kind: 'uplink_loss', pct: 100 });
  });
});

describe('the order of concern', () => {
  it('is lost, poor, fair, good, unknown', () => {
    const person = (name: string, state: string, level: 'good' | 'fair' | 'poor' | null) => ({
      name,
      state,
      link: level && link({ level }),
    });
    const people = [
      person('unknown', 'in_call', null),
      person('good', 'in_call', 'good'),
      person('fair', 'in_call', 'fair'),
      person('away', 'away', 'good'),
      person('poor', 'in_call', 'poor'),
    ];
    expect(worstFirst(people).map((p) => p.name)).toEqual(['away', 'poor', 'fair', 'good', 'unknown']);
  });
});
