/** What can be done from the board and from the panel beside a call. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { BoardSeat, BoardVisit, Clinician, CreateVisit, EmergencyOpened, EndAs, Invitation, Invite, Me, VisitCreated, VisitQuality } from '@bedside/client';
import type { FactorActions } from '../factors';

/** Every promise rejects with a `BedsideError` only. */
export interface ClinicActions {
  /** Lets somebody in; with `enter` one goes into the room first, so that nobody enters an empty one. */
  admit(visit: BoardVisit, seat: BoardSeat, enter: boolean): Promise<void>;
  /** Goes into the room of a visit. */
  enter(visit: BoardVisit): void;
  /** Writes to somebody who waits. */
  note(visit: BoardVisit, seat: BoardSeat, text: string): Promise<void>;
  /** Those whose visit a visit can be, by name. */
  clinicians(): Promise<readonly Clinician[]>;
  book(request: CreateVisit): Promise<VisitCreated>;
  invite(visit: string, request: Invite): Promise<Invitation>;
  /** Puts the visit on a colleague's board; they join with their own sign-in. */
  inviteColleague(visit: string, user: string): Promise<void>;
  close(visit: string, outcome: EndAs): Promise<void>;
  /** How the call of a visit was. Who looks is put on record. */
  quality(visit: string): Promise<VisitQuality>;
  /** Asks whether to open this restricted visit in an emergency. Nothing has happened yet. */
  askEmergency(visit: string): void;
  /** Opens a restricted visit of somebody else for a while. */
  emergency(visit: string, reason: string): Promise<EmergencyOpened>;
  /** How many openings in emergencies nobody has reviewed. A figure, so nobody has looked at them. */
  unreviewed(): Promise<number>;
  /** Demo only: a synthetic patient comes to the visit. */
  synthetic(visit: string): Promise<void>;
  /** The own second step. */
  readonly factors: FactorActions;
  reconnect(): void;
}

/** What the parts of the board need to know and to do. */
export interface Clinic {
  readonly me: Me;
  readonly actions: ClinicActions;
  /** The visit whose room one is in now. */
  readonly inVisit: string | null;
}

/** Set once near the root. */
export const ClinicContext = createContext<Clinic | null>(null);

/** The clinic of the nearest provider. */
export function useClinic(): Clinic {
  const clinic = useContext(ClinicContext);
  if (!clinic) throw new Error('a part of the board stands outside of ClinicContext');
  return clinic;
}
