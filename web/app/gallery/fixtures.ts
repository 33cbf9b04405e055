/**
 * Typed boards, people and figures for tests and for the gallery of screens. Never part of the
 * production build: nothing that the pages import leads here.
 */
import type { BoardSeat, BoardVisit, CheckReport, DirectionQuality, LinkQuality, Me } from '@bedside/client';

/** The moment at which every fixture plays, in µs: 2026-11-20 09:30 UTC. */
export const NOW_US = Date.UTC(2026, 10, 20, 9, 30) * 1000;

/** `n` minutes in µs. */
export const min = (n: number): number => n * 60_000_000;

/** A check without a fault. */
export const GOOD_CHECK: CheckReport = {
  outcomes: [
    { item: 'camera', ok: true, code: null },
    { item: 'microphone', ok: true, code: null },
    { item: 'speaker', ok: true, code: null },
    { item: 'network', ok: true, code: null },
  ],
  rtt_ms: 42,
};

/** A check without a camera and with a slow network. */
export const VOICE_CHECK: CheckReport = {
  outcomes: [
    { item: 'camera', ok: false, code: 'no_camera' },
    { item: 'microphone', ok: true, code: null },
    { item: 'speaker', ok: true, code: null },
    { item: 'network', ok: true, code: null },
  ],
  rtt_ms: 480,
};

/** A check in which the microphone gave nothing. */
export const SILENT_CHECK: CheckReport = {
  outcomes: [
    { item: 'camera', ok: true, code: null },
    { item: 'microphone', ok: false, code: 'silent_microphone' },
    { item: 'speaker', ok: true, code: null },
    { item: 'network', ok: true, code: null },
  ],
  rtt_ms: 60,
};

/** A patient who has not come, with any part changed. */
export function seat(over: Partial<BoardSeat> = {}): BoardSeat {
  return {
    seat: '01SEATPATIENT',
    name: 'Rosa Alvarez',
    role: 'patient',
    state: 'invited',
    online: false,
    second_device: false,
    notes: 0,
    ...over,
  };
}

/** A patient in the waiting room since `minutes` before {@link NOW_US}. */
export function waitingSeat(minutes: number, over: Partial<BoardSeat> = {}): BoardSeat {
  return seat({ state: 'waiting', online: true, waiting_since: NOW_US - min(minutes), check: GOOD_CHECK, ...over });
}

/** A visit of the reader's own, booked for {@link NOW_US}, with any part changed. */
export function visit(over: Partial<BoardVisit> = {}): BoardVisit {
  return {
    visit: '01VISIT',
    host_name: 'Dr. Imani Okoye',
    mine: true,
    invited: false,
    state: 'scheduled',
    scheduled_at: NOW_US,
    duration_min: 20,
    seats: [seat()],
    note: '',
    may: ['be_in_room', 'see_waiting_room', 'message_waiting', 'admit', 'put_back', 'remove', 'invite', 'see_quality', 'end_visit'],
    restricted: false,
    hidden: false,
    ...over,
  };
}

/** Figures of a good link, with any part changed. */
export function link(over: Partial<LinkQuality> = {}): LinkQuality {
  return {
    seat: '01SEATPATIENT',
    level: 'good',
    uplink_loss_pct: 0.2,
    downlink_loss_pct: 0,
    rtt_ms: 38,
    downlink_bps: 2_400_000,
    ...over,
  };
}

/** Something in the way of what the patient sends, with any part changed. */
export function trouble(over: Partial<DirectionQuality> = {}): DirectionQuality {
  return { from: '01SEATPATIENT', to: '01SEATHOST', code: 'uplink_loss', subject: 'sender', severe: false, ...over };
}

/** A signed-in clinician, with any part changed. */
export function me(over: Partial<Me> = {}): Me {
  return {
    name: 'Dr. Imani Okoye',
    email: 'imani@clinic.example',
    clinic: 'Harbour Street Clinic',
    role: 'clinician',
    mail: true,
    demo_guest: false,
    recovery_codes_left: 10,
    sessions: 1,
    ...over,
  };
}
