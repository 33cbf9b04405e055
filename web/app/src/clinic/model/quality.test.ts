import { describe, expect, it } from 'vitest';
import { finding, hurts, worstFirst } from './quality';
import { link, trouble } from '../../../gallery/fixtures';

const LOSS = trouble({ code: 'uplink_loss', figure: { unit: 'percent', value: 8 } });

describe('a connection in one finding', () => {
  it.each([
    [{ kind: 'good' }, 'in_call', link(), null],
    [{ kind: 'fair' }, 'in_call', link({ level: 'fair' }), null],
    [{ kind: 'unknown' }, 'in_call', null, null],
    [{ kind: 'lost' }, 'in_call', link({ level: 'lost' }), LOSS],
    [{ kind: 'lost' }, 'away', link(), null],
    [{ kind: 'trouble', code: 'uplink_loss', figure: LOSS.figure }, 'in_call', link(), LOSS],
    [{ kind: 'trouble', code: 'mic_absent', figure: null }, 'in_call', null, trouble({ code: 'mic_absent' })],
  ] as const)('%j', (want, state, measured, said) => {
    expect(finding({ state, link: measured, trouble: said })).toEqual(want);
  });
});

describe('the order of concern', () => {
  const person = (name: string, state: string, level: 'good' | 'fair' | 'poor' | null, severe: boolean | null = null) => ({
    name,
    state,
    link: level && link({ level }),
    trouble: severe === null ? null : trouble({ severe }),
  });
  const people = [
    person('unknown', 'in_call', null),
    person('good', 'in_call', 'good'),
    person('noticed', 'in_call', 'good', false),
    person('away', 'away', 'good'),
    person('severe', 'in_call', 'good', true),
    person('poor', 'in_call', 'poor'),
    person('fair', 'in_call', 'fair'),
  ];

  it('is lost, what hurts, what is noticed, good, unknown', () => {
    const names = worstFirst(people).map((p) => p.name);
    expect(names).toEqual(['away', 'severe', 'poor', 'noticed', 'fair', 'good', 'unknown']);
  });

  it('tells at once what hurts', () => {
    expect(people.filter(hurts).map((p) => p.name)).toEqual(['away', 'severe', 'poor']);
  });
});
