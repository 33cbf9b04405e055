/** From the seat's state on the server to what the page shows. Pure. */

import type { EndReason, Role, SeatState, VisitState } from './protocol';
import type { Phase } from './types';

/** Whether one may hear, see and read what is in the room. */
export function isInside(state: SeatState): boolean {
  return state === 'admitted' || state === 'in_call' || state === 'away';
}

/** Clinic people enter by themselves: no check, no consent page, no wait. */
export function isClinic(role: Role): boolean {
  return role === 'host' || role === 'colleague' || role === 'staff';
}

/** What to show when the seat stands at `state`; `now` is what is shown at present. */
export function phaseOf(state: SeatState, role: Role, now: Phase): Phase {
  switch (state) {
    case 'invited':
      return isClinic(role) ? 'hello' : 'checking';
    case 'checking':
    case 'consenting':
    case 'waiting':
    case 'in_call':
    case 'removed':
      return state;
    // Somebody who is in the call and comes back stays on the call's screen while media returns.
    case 'admitted':
    case 'away':
      return now === 'in_call' ? 'in_call' : 'admitted';
    case 'left':
      return isClinic(role) ? 'hello' : 'ended';
  }
}

/** How a visit ended, if it is over. */
export function endOf(state: VisitState): EndReason | null {
  switch (state) {
    case 'ended':
      return 'done';
    case 'no_show':
    case 'failed':
      return state;
    default:
      return null;
  }
}
