/**
 * What the board means: who waits, in which order, how a visit stands, what comes next.
 *
 * Owns the reading of `BoardVisit`s. Never talks to the server, never reads a clock (time is an
 * argument, in the wire's microseconds), never writes a sentence: the words belong to the catalogue.
 */
import type { BoardSeat, BoardVisit, Me, Role, SeatState, Timestamp } from '@bedside/client';

const US_PER_MIN = 60_000_000;

/** From this long after the booked time on, somebody who has not come is called late. */
export const LATE_AFTER_US = 3 * US_PER_MIN;

const CLINIC_ROLES: ReadonlySet<Role> = new Set<Role>(['host', 'colleague', 'staff']);
const INSIDE: ReadonlySet<SeatState> = new Set<SeatState>(['admitted', 'in_call', 'away']);

/** Whether somebody comes by a link (true) or signs in to the clinic (false). */
export function isGuest(seat: BoardSeat): boolean {
  return !CLINIC_ROLES.has(seat.role);
}

/** Whether this seat is in the room: may see and hear the others. */
export function isInside(seat: BoardSeat): boolean {
  return INSIDE.has(seat.state);
}

/** Whether nothing more can happen in this visit. */
export function isOver(visit: BoardVisit): boolean {
  return visit.state === 'ended' || visit.state === 'no_show' || visit.state === 'failed';
}

/** The patient's seat: the one that the visit is named after. */
export function patientOf(visit: BoardVisit): BoardSeat | undefined {
  return visit.seats.find((seat) => seat.role === 'patient');
}

/** The name to call the visit by: the patient's, or else the first guest's, or else nothing. */
export function visitName(visit: BoardVisit): string {
  return (patientOf(visit) ?? visit.seats.find(isGuest))?.name ?? '';
}

/** Earliest first; equal times by id, so that rows never jump. */
export function inTimeOrder(visits: readonly BoardVisit[]): BoardVisit[] {
  return [...visits].sort(
    (a, b) => a.scheduled_at - b.scheduled_at || (a.visit < b.visit ? -1 : a.visit > b.visit ? 1 : 0),
  );
}

/** Somebody in the waiting room, with the visit they wait for. */
export interface Waiter {
  /** The visit waited for. */
  readonly visit: BoardVisit;
  /** The seat that waits. */
  readonly seat: BoardSeat;
  /** Since when, in µs; the booked time if the server did not say. */
  readonly sinceUs: Timestamp;
}

/**
 * Everybody who waits, the reader's own visits first, then who waits longest. Without those of hidden
 * visits: the reader could neither name nor help them, and the visit's row says that somebody waits.
 */
export function waitingRoom(visits: readonly BoardVisit[]): Waiter[] {
  const waiters: Waiter[] = [];
  for (const visit of visits) {
    if (isOver(visit) || visit.hidden) continue;
    for (const seat of visit.seats) {
      if (seat.state !== 'waiting') continue;
      waiters.push({ visit, seat, sinceUs: seat.waiting_since ?? visit.scheduled_at });
    }
  }
  return waiters.sort(
    (a, b) =>
      Number(b.visit.mine) - Number(a.visit.mine) ||
      a.sinceUs - b.sinceUs ||
      (a.seat.seat < b.seat.seat ? -1 : 1),
  );
}

/** Visits into which a colleague invites the reader, in time order. */
export function invitedTo(visits: readonly BoardVisit[]): BoardVisit[] {
  return inTimeOrder(visits.filter((visit) => visit.invited && !isOver(visit)));
}

/** Whether somebody who starts to wait for `visit` concerns the reader enough to ring. */
export function ringsFor(me: Pick<Me, 'role'>, visit: Pick<BoardVisit, 'mine' | 'hidden'>): boolean {
  // Reception rooms everybody's patients; a clinician has their own.
  return visit.mine || (me.role === 'staff' && !visit.hidden);
}

/** How a visit stands, in the one word that its row shows. */
export type Standing =
  | 'waiting'
  | 'in_call'
  | 'connection_lost'
  | 'getting_ready'
  | 'late'
  | 'expected'
  | 'stepped_out'
  | 'paused'
  | 'ended'
  | 'no_show'
  | 'failed';

/**
 * The one thing to know about a visit now.
 *
 * The order of the questions is the order of urgency: somebody who waits in the waiting room counts
 * for more than a call that already runs.
 */
export function standing(visit: BoardVisit, nowUs: Timestamp): Standing {
  if (visit.state === 'ended' || visit.state === 'no_show' || visit.state === 'failed') return visit.state;
  const guests = visit.seats.filter(isGuest);
  if (guests.some((s) => s.state === 'waiting')) return 'waiting';
  if (guests.some((s) => s.state === 'in_call' || s.state === 'admitted')) return 'in_call';
  if (guests.some((s) => s.state === 'away')) return 'connection_lost';
  if (guests.some((s) => s.state === 'checking' || s.state === 'consenting')) return 'getting_ready';
  if (visit.state === 'in_progress') return 'paused';
  if (guests.some((s) => s.state === 'left')) return 'stepped_out';
  return nowUs - visit.scheduled_at > LATE_AFTER_US ? 'late' : 'expected';
}

/** Whole minutes past the booked time; 0 before it. */
export function lateByMin(visit: BoardVisit, nowUs: Timestamp): number {
  return Math.max(0, Math.floor((nowUs - visit.scheduled_at) / US_PER_MIN));
}

/** The day in two lists. */
export interface Day {
  /** Still to do, in time order. */
  readonly open: readonly BoardVisit[];
  /** Over, in time order. */
  readonly over: readonly BoardVisit[];
}

/** Splits the board into what is still to do and what is over. */
export function theDay(visits: readonly BoardVisit[]): Day {
  const ordered = inTimeOrder(visits);
  return { open: ordered.filter((v) => !isOver(v)), over: ordered.filter(isOver) };
}

/**
 * The visit to turn to after `doneWith`: who waits longest for the reader, else the earliest of the
 * reader's own open visits, else nothing.
 */
export function nextUp(visits: readonly BoardVisit[], doneWith?: string): BoardVisit | undefined {
  const others = visits.filter((v) => v.visit !== doneWith && v.mine);
  return waitingRoom(others)[0]?.visit ?? theDay(others).open[0];
}

/** Ways to close a visit from the board. */
export type Outcome = 'done' | 'no_show' | 'failed';

/**
 * The outcomes that make sense for a visit now. The server decides; this only spares the reader a
 * button that must be refused: a patient who came is never a no-show, and a visit in which nobody
 * came cannot have failed or taken place.
 */
export function outcomesFor(visit: BoardVisit): Outcome[] {
  if (isOver(visit) || !visit.may.includes('end_visit')) return [];
  if (visit.state === 'in_progress') return ['done', 'failed'];
  const patient = patientOf(visit);
  const came = patient !== undefined && patient.state !== 'invited' && patient.state !== 'removed';
  if (visit.state === 'open') return came ? ['failed'] : ['no_show', 'failed'];
  return ['no_show'];
}

/** How long it has been since `sinceUs`, in ms; never negative, whatever the clocks say. */
export function sinceMs(sinceUs: Timestamp, nowUs: Timestamp): number {
  return Math.max(0, (nowUs - sinceUs) / 1000);
}

/** Whether there was a call whose quality the reader may look at. */
export function hasQuality(visit: BoardVisit): boolean {
  return visit.started_at !== undefined && visit.may.includes('see_quality');
}

/** Whether the reader may open hidden visits in an emergency: whoever treats. The server decides. */
export function opensInEmergency(me: Pick<Me, 'role'>): boolean {
  return me.role === 'clinician' || me.role === 'admin';
}
