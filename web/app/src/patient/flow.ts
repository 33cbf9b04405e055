/** Which page of the visit to show. Pure: the server's word and the page's own progress in, page out. */
import type { ConsentAsk, ConsentNow, Phase } from '@bedside/client';

/** The pages after the link is open. */
export type VisitPage =
  | 'connecting'
  | 'check'
  | 'consent'
  | 'waiting'
  | 'call'
  | 'expired'
  | 'taken_over'
  | 'removed'
  | 'bye'
  | 'fault'
  | 'closing';

/** What the page knows by itself. */
export interface Progress {
  /** The link was opened just now on this device: the check comes before anything else. */
  readonly fresh: boolean;
  /** The result of the device check was handed in. */
  readonly checked: boolean;
  /** The place in the call was given up after too long an absence, and the person has not gone on since. */
  readonly expired?: boolean;
  /** The person asked to come in again: check and wait are on their way to the server. */
  readonly returning?: boolean;
}

/** Whether nothing is left to ask: every question was answered for its present text, and the needed ones with yes. */
export function consentHolds(asks: readonly ConsentAsk[], consents: readonly ConsentNow[]): boolean {
  return asks.every(({ purpose, text_version, required }) => {
    const answer = consents.find((one) => one.purpose === purpose && one.text_version === text_version);
    return answer !== undefined && (answer.decision === 'given' || !required);
  });
}

/** The steps that are counted for the person: hello, check, consent, waiting. */
export const STEPS = 4;

/** The page for a phase. */
export function pageOf(phase: Phase, { fresh, checked, expired = false, returning = false }: Progress): VisitPage {
  if (returning && (phase === 'checking' || phase === 'consenting')) return 'connecting';
  switch (phase) {
    case 'hello':
      // The check needs no server: nobody waits for the socket.
      return fresh && !checked ? 'check' : 'connecting';
    case 'checking':
      if (expired) return 'expired';
      // The result is on its way; the server's answer opens the consent page.
      return checked ? 'connecting' : 'check';
    case 'consenting':
      // Opened anew while a visit stood at consent: this device was not looked at yet.
      return fresh && !checked ? 'check' : 'consent';
    case 'waiting':
      return 'waiting';
    case 'admitted':
    case 'in_call':
      return 'call';
    case 'taken_over':
      return 'taken_over';
    case 'removed':
      return 'removed';
    case 'ended':
      return 'bye';
    case 'refused':
      return 'fault';
    case 'closing':
      return 'closing';
  }
}
