import { describe, expect, it } from 'vitest';
import {
  invitedTo,
  inTimeOrder,
  lateByMin,
  nextUp,
  outcomesFor,
  ringsFor,
  sinceMs,
  standing,
  theDay,
  visitName,
  waitingRoom,
} from './board';
import { NOW_US, me, min, seat, visit, waitingSeat } from '../../../gallery/fixtures';

it('knows the open visits that a colleague invites to, the earliest first', () => {
  const later = visit({ visit: 'later', mine: false, invited: true, scheduled_at: NOW_US + 1 });
  const now = visit({ visit: 'now', mine: false, invited: true });
  const over = visit({ visit: 'over', mine: false, invited: true, state: 'ended' });
  expect(invitedTo([later, visit(), over, now]).map((one) => one.visit)).toEqual(['now', 'later']);
});

describe('the waiting room', () => {
  it('puts own patients first, then who waits longest', () => {
    const visits = [
      visit({ visit: 'theirs', mine: false, seats: [waitingSeat(30, { seat: 'c' })] }),
      visit({ visit: 'a', seats: [waitingSeat(2, { seat: 'a' })] }),
      visit({ visit: 'b', seats: [waitingSeat(9, { seat: 'b' }), seat({ seat: 'x', role: 'family' })] }),
    ];
    expect(waitingRoom(visits).map((w) => w.seat.seat)).toEqual(['b', 'a', 'c']);
  });

  it('takes the booked time when the server says no time, and leaves out visits that are over', () => {
    const { waiting_since: _, ...timeless } = waitingSeat(3);
    const visits = [visit({ seats: [timeless] }), visit({ visit: 'old', state: 'ended', seats: [waitingSeat(50)] })];
    expect(waitingRoom(visits).map((w) => w.sinceUs)).toEqual([NOW_US]);
  });

  it('rings for own patients, and for everybody at reception', () => {
    const theirs = visit({ mine: false });
    expect([ringsFor(me(), visit()), ringsFor(me(), theirs)]).toEqual([true, false]);
    expect(ringsFor(me({ role: 'staff' }), theirs)).toBe(true);
  });
});

describe('how a visit stands', () => {
  const cases = [
    ['expected', visit()],
    ['expected', visit({ scheduled_at: NOW_US - min(3) })],
    ['late', visit({ scheduled_at: NOW_US - min(4) })],
    ['getting_ready', visit({ state: 'open', seats: [seat({ state: 'checking' })] })],
    ['getting_ready', visit({ state: 'open', seats: [seat({ state: 'consenting' })] })],
    ['waiting', visit({ state: 'open', seats: [waitingSeat(1)] })],
    ['in_call', visit({ state: 'in_progress', seats: [seat({ state: 'in_call' })] })],
    ['in_call', visit({ state: 'open', seats: [seat({ state: 'admitted' })] })],
    ['connection_lost', visit({ state: 'in_progress', seats: [seat({ state: 'away' })] })],
    ['paused', visit({ state: 'in_progress', seats: [seat({ state: 'left' })] })],
    ['stepped_out', visit({ state: 'open', seats: [seat({ state: 'left' })] })],
    ['ended', visit({ state: 'ended', seats: [seat({ state: 'left' })] })],
    ['no_show', visit({ state: 'no_show' })],
    ['failed', visit({ state: 'failed', seats: [waitingSeat(9)] })],
  ] as const;
  it.each(cases)('%s', (want, v) => expect(standing(v, NOW_US)).toBe(want));

  it('shows who waits even while others talk', () => {
    const v = visit({ state: 'in_progress', seats: [seat({ state: 'in_call' }), waitingSeat(1, { role: 'family', seat: 'f' })] });
    expect(standing(v, NOW_US)).toBe('waiting');
  });

  it('does not take the clinician for a guest', () => {
    const host = seat({ seat: 'h', role: 'host', state: 'in_call', name: 'Dr. Imani Okoye' });
    expect(standing(visit({ state: 'open', seats: [host, seat()] }), NOW_US)).toBe('expected');
  });

  it('counts whole minutes of lateness', () => {
    expect(lateByMin(visit({ scheduled_at: NOW_US - min(7) - 1 }), NOW_US)).toBe(7);
    expect(lateByMin(visit({ scheduled_at: NOW_US + min(7) }), NOW_US)).toBe(0);
  });
});

describe('the day', () => {
  const early = visit({ visit: 'early', scheduled_at: NOW_US - min(60), state: 'ended' });
  const soon = visit({ visit: 'soon', scheduled_at: NOW_US + min(5) });
  const later = visit({ visit: 'later', scheduled_at: NOW_US + min(50) });
  const theirs = visit({ visit: 'theirs', scheduled_at: NOW_US, mine: false });

  it('is in time order, with ties by id', () => {
    const twin = visit({ visit: 'a', scheduled_at: soon.scheduled_at });
    expect(inTimeOrder([later, soon, twin, early]).map((v) => v.visit)).toEqual(['early', 'a', 'soon', 'later']);
  });

  it('parts what is over from what is to do', () => {
    const day = theDay([later, early, soon]);
    expect(day.open.map((v) => v.visit)).toEqual(['soon', 'later']);
    expect(day.over.map((v) => v.visit)).toEqual(['early']);
  });

  it('turns next to who waits longest, else to the next own visit', () => {
    const waits = visit({ visit: 'waits', scheduled_at: NOW_US + min(90), seats: [waitingSeat(1)] });
    expect(nextUp([later, soon, waits, theirs])?.visit).toBe('waits');
    expect(nextUp([later, soon, theirs])?.visit).toBe('soon');
    expect(nextUp([later, soon, theirs], 'soon')?.visit).toBe('later');
    expect(nextUp([early, theirs])).toBeUndefined();
  });

  it('names a visit after its patient', () => {
    const family = seat({ seat: 'f', role: 'family', name: 'Luis Alvarez' });
    expect(visitName(visit({ seats: [family, seat()] }))).toBe('Rosa Alvarez');
    expect(visitName(visit({ seats: [family] }))).toBe('Luis Alvarez');
    expect(visitName(visit({ seats: [] }))).toBe('');
  });
});

describe('outcomes offered', () => {
  it('never offers no-show once the patient came', () => {
    expect(outcomesFor(visit())).toEqual(['no_show']);
    expect(outcomesFor(visit({ state: 'open' }))).toEqual(['no_show', 'failed']);
    expect(outcomesFor(visit({ state: 'open', seats: [seat({ state: 'left' })] }))).toEqual(['failed']);
    expect(outcomesFor(visit({ state: 'in_progress' }))).toEqual(['done', 'failed']);
  });

  it('offers nothing for a visit that is over or that the reader may not end', () => {
    expect(outcomesFor(visit({ state: 'ended' }))).toEqual([]);
    expect(outcomesFor(visit({ may: ['admit'] }))).toEqual([]);
  });
});

describe('spans', () => {
  it('are never negative, whatever the clocks say', () => {
    expect(sinceMs(NOW_US + min(1), NOW_US)).toBe(0);
    expect(sinceMs(NOW_US - min(4), NOW_US)).toBe(240_000);
  });
});
