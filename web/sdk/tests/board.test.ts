import { describe, expect, it } from 'vitest';
import { Board } from '../src/board';
import type { BoardSeat, BoardVisit } from '../src/protocol';
import type { BoardEvent } from '../src/types';
import { waiter } from './support/visit';
import { refusal, World } from './support/world';

function booked(visit: string, scheduledAt: number, seats: BoardSeat[] = []): BoardVisit {
  return {
    visit,
    host_name: 'Dr Host',
    mine: true,
    invited: false,
    state: 'open',
    scheduled_at: scheduledAt,
    duration_min: 20,
    seats,
    note: '',
    may: ['admit'],
    restricted: false,
    hidden: false,
  };
}

async function boardIn(visits: BoardVisit[]) {
  const world = new World();
  const board = new Board(world);
  const events: BoardEvent[] = [];
  board.on('waiting', (event) => void events.push(event));
  board.on('invited', (event) => void events.push(event));
  board.on('error', (event) => void events.push(event));
  const greet = async (all: BoardVisit[]) => {
    await world.advance(0);
    world.wire.open();
    world.wire.say({ type: 'board', visits: all, now: world.wallMs() * 1000 + 3_000_000 });
  };
  const readyBefore = board.ready.value;
  await greet(visits);
  return { world, board, events, greet, readyBefore };
}

describe('the board', () => {
  it('shows the day in time order, once it is there', async () => {
    const { world, board, readyBefore } = await boardIn([booked('B', 2), booked('C', 1), booked('A', 2)]);
    expect(readyBefore).toBe(false);
    expect(board.ready.value).toBe(true);
    expect(board.visits.value.map((v) => v.visit)).toEqual(['C', 'A', 'B']);
    expect(board.clockOffsetMs.value).toBe(3_000);
    expect(world.calls[0]?.path).toBe('/api/board/token');
  });

  it('follows each change', async () => {
    const { world, board } = await boardIn([booked('A', 1), booked('B', 2)]);
    world.wire.say({ type: 'board_visit', visit: { ...booked('B', 0), state: 'in_progress' } });
    world.wire.say({ type: 'board_visit', visit: booked('C', 3) });
    world.wire.say({ type: 'board_gone', visit: 'A' });
    expect(board.visits.value.map((v) => [v.visit, v.state])).toEqual([
      ['B', 'in_progress'],
      ['C', 'open'],
    ]);
  });

  it('rings once for everybody who begins to wait, not for those who waited already', async () => {
    const { world, events, greet } = await boardIn([booked('A', 1, [waiter('early')])]);
    expect(events).toEqual([]);
    world.wire.say({ type: 'board_visit', visit: booked('A', 1, [waiter('early'), waiter('late')]) });
    world.wire.say({ type: 'board_visit', visit: booked('A', 1, [waiter('early'), waiter('late')]) });
    expect(events).toMatchObject([{ type: 'waiting', seat: { seat: 'late' } }]);
    // Whoever came while the page was away rings when it is back.
    world.wire.drop();
    await greet([booked('A', 1, [waiter('early'), waiter('late'), waiter('meanwhile')])]);
    expect(events.at(-1)).toMatchObject({ seat: { seat: 'meanwhile' } });
    expect(events).toHaveLength(2);
  });

  it('says once when a colleague invites the reader', async () => {
    const { world, events, greet } = await boardIn([{ ...booked('A', 1), invited: true }]);
    expect(events).toEqual([]);
    const theirs = { ...booked('B', 1), mine: false };
    world.wire.say({ type: 'board_visit', visit: theirs });
    world.wire.say({ type: 'board_visit', visit: { ...theirs, invited: true } });
    world.wire.say({ type: 'board_visit', visit: { ...theirs, invited: true } });
    expect(events).toMatchObject([{ type: 'invited', visit: { visit: 'B' } }]);
    world.wire.drop();
    await greet([{ ...theirs, invited: true }, { ...booked('C', 2), invited: true }]);
    expect(events.map((event) => event.type)).toEqual(['invited', 'invited']);
  });

  it('admits and writes, and says when that was refused', async () => {
    const { world, board } = await boardIn([booked('A', 1)]);
    await board.admit('A', 's');
    expect(world.wire.all('admit')).toEqual([{ type: 'admit', visit: 'A', seat: 's' }]);
    world.wire.answers = false;
    const note = board.note('A', 's', 'soon');
    world.wire.refuse('wrong_state', { replyTo: world.wire.all('note')[0]?.id ?? '' });
    await expect(note).rejects.toMatchObject({ code: 'wrong_state' });
  });

  it('keeps the list while reconnecting and stops when signed out', async () => {
    const { world, board } = await boardIn([booked('A', 1)]);
    world.answers.push(() => refusal(401, 'not_signed_in'));
    world.wire.drop();
    expect(board.connection.value).toBe('reconnecting');
    expect(board.visits.value).toHaveLength(1);
    await world.advance(60_000);
    expect(board.failure.value).toMatchObject({ code: 'not_signed_in' });
    expect(world.sockets).toHaveLength(1);
    expect(world.timers).toBe(0);
  });
});
