import { describe, expect, it } from 'vitest';
import { BedsideError } from '@bedside/client/clinic';
import { createDesk, type Desk } from './desk';
import { boardDouble, visitDouble, type BoardDouble, type VisitDouble } from '../../gallery/doubles';
import { seat, visit, waitingSeat } from '../../gallery/fixtures';

const A = visit({ visit: 'a', seats: [waitingSeat(5, { seat: 'rosa' })] });
const B = visit({ visit: 'b', scheduled_at: A.scheduled_at + 1, seats: [waitingSeat(2, { seat: 'juan' })] });
const THEIRS = visit({ visit: 'theirs', mine: false, seats: [seat({ seat: 'mia' })] });

function desk(): { desk: Desk; board: BoardDouble; calls: VisitDouble[]; refused: unknown[] } {
  const board = boardDouble([A, B, THEIRS]);
  const calls: VisitDouble[] = [];
  const refused: unknown[] = [];
  const makeCall = () => {
    const client = visitDouble({ phase: 'hello' });
    calls.push(client);
    return { client, dispose: () => client.dispose() };
  };
  return { desk: createDesk(board, makeCall, (caught) => refused.push(caught)), board, calls, refused };
}

/** Lets everything happen that waits for nothing but its turn. */
const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

describe('letting in', () => {
  it('enters the room first, so that nobody comes into an empty one', async () => {
    const { desk: d, calls } = desk();
    const admitted = d.admit(A, seat({ seat: 'rosa' }), true);
    expect(d.showing.value).toBe('call');
    expect(calls[0]?.told).toEqual([]);
    calls[0]?.phase.set('admitted');
    await admitted;
    expect(calls[0]?.told).toEqual(['admit rosa']);
  });

  it('lets nobody in when the room does not open', async () => {
    const { desk: d, calls } = desk();
    const admitted = d.admit(A, seat({ seat: 'rosa' }), true);
    calls[0]?.phase.set('refused');
    await admitted;
    expect([calls[0]?.told, d.showing.value]).toEqual([[], 'call']);
  });

  it('tells a refusal inside the room to whoever shows it', async () => {
    const full = new BedsideError('visit_full');
    const { desk: d, calls, refused } = desk();
    const admitted = d.admit(A, seat({ seat: 'rosa' }), true);
    const client = calls[0];
    if (client) client.admit = () => Promise.reject(full);
    client?.phase.set('in_call');
    await admitted;
    expect(refused).toEqual([full]);
  });

  it('only opens the door when a colleague hosts', async () => {
    const { desk: d, board, calls } = desk();
    await d.admit(THEIRS, seat({ seat: 'mia' }), false);
    expect(board.told).toEqual(['admit theirs mia']);
    expect(calls).toHaveLength(0);
  });

  it('uses the open room for its own visit', async () => {
    const { desk: d, board, calls } = desk();
    d.enter(A);
    calls[0]?.phase.set('in_call');
    d.show('board');
    await d.admit(A, seat({ seat: 'rosa' }), true);
    expect(d.showing.value).toBe('call');
    expect(calls[0]?.told).toEqual(['admit rosa']);
    expect(board.told).toEqual([]);
  });
});

describe('one visit after the other', () => {
  it('asks before one call is left for another', () => {
    const { desk: d, calls } = desk();
    d.enter(A);
    d.enter(B);
    expect(d.switching.value?.to.visit).toBe('b');
    d.answerSwitch(false);
    expect(d.switching.value).toBeNull();
    expect([d.call.value?.visit, calls.length]).toEqual(['a', 1]);
  });

  it('leaves, goes there and lets in, after a yes', async () => {
    const { desk: d, calls } = desk();
    d.enter(A);
    await d.admit(B, seat({ seat: 'juan' }), true);
    d.answerSwitch(true);
    expect(calls[0]?.told).toEqual(['leave', 'dispose']);
    expect(d.call.value?.visit).toBe('b');
    calls[1]?.phase.set('in_call');
    await settled();
    expect(calls[1]?.told).toEqual(['admit juan']);
  });

  it('shows the board with the next visit marked when a visit ends', async () => {
    const { desk: d, calls } = desk();
    d.enter(A);
    calls[0]?.phase.set('in_call');
    calls[0]?.phase.set('ended');
    await settled();
    expect([d.call.value, d.showing.value, d.highlight.value]).toEqual([null, 'board', 'b']);
    expect(calls[0]?.told).toEqual(['dispose']);
  });

  it('takes the mark away when the next visit begins', async () => {
    const { desk: d, calls } = desk();
    d.enter(A);
    calls[0]?.phase.set('ended');
    await settled();
    d.enter(B);
    expect(d.highlight.value).toBeNull();
  });

  it('keeps the call while the board is looked at, and enters it only once', () => {
    const { desk: d, calls } = desk();
    d.enter(A);
    d.show('board');
    expect(d.call.value?.visit).toBe('a');
    d.enter(A);
    expect([d.showing.value, calls.length]).toEqual(['call', 1]);
  });

  it('stays on the screen when another device took over', async () => {
    const { desk: d, calls } = desk();
    d.enter(A);
    calls[0]?.phase.set('taken_over');
    await settled();
    expect(d.showing.value).toBe('call');
    d.dismiss();
    expect(calls[0]?.told).toEqual(['dispose']);
  });

  it('lets go of everything at the end', () => {
    const { desk: d, board, calls } = desk();
    d.enter(A);
    d.dispose();
    expect([calls[0]?.told, board.told]).toEqual([['dispose'], ['dispose']]);
  });
});
