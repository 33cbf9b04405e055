import { describe, expect, it } from 'vitest';
import { IDLE_LIMIT_MS, IDLE_WARNING_MS, TOUCH_EVERY_MS, idleAt, touchDue } from './idle';

describe('the idle clock', () => {
  it('warns for the last two minutes, then ends', () => {
    const warnsAt = IDLE_LIMIT_MS - IDLE_WARNING_MS;
    expect(idleAt(warnsAt - 1, 0, false)).toEqual({ kind: 'active' });
    expect(idleAt(warnsAt, 0, false)).toEqual({ kind: 'warning', leftMs: IDLE_WARNING_MS });
    expect(idleAt(IDLE_LIMIT_MS - 1, 0, false)).toEqual({ kind: 'warning', leftMs: 1 });
    expect(idleAt(IDLE_LIMIT_MS, 0, false)).toEqual({ kind: 'over' });
  });
  it('rests during a call', () => expect(idleAt(10 * IDLE_LIMIT_MS, 0, true)).toEqual({ kind: 'active' }));
  it('starts again with use', () => expect(idleAt(IDLE_LIMIT_MS, IDLE_LIMIT_MS - 5, false)).toEqual({ kind: 'active' }));
  it('tells the server once a minute', () => {
    expect(touchDue(TOUCH_EVERY_MS - 1, 0)).toBe(false);
    expect(touchDue(TOUCH_EVERY_MS, 0)).toBe(true);
  });
});
