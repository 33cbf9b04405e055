/**
 * Signing in as a state machine: which screen stands, and what each answer of the server makes of it.
 *
 * Pure. Owns no password and no code: those live in the form's fields only as long as the screen
 * stands. The secret of a one-time link is the exception; it is needed twice when the link also asks
 * for a password, and goes when the link has been used.
 */
import type { ErrorCode, Me, MfaStart, SecondFactor, SignInNext, SignInWays, SsoBack } from '@bedside/client';

/** Why the sign-in screen stands, when there is something to say. */
export type Notice = 'idle' | 'signed_out' | 'signed_out_everywhere' | 'session_over' | 'link_dead';

/** What a refusal may say: `offline` when the server was not reached, the last two from the browser. */
export type RefusalCode = ErrorCode | 'offline' | 'passkey_dismissed' | 'passkey_known';

/** A refusal as the screens need it. */
export interface Refusal {
  readonly code: RefusalCode;
  /** When the next try is allowed, in ms of the page's steady clock; null when at once. */
  readonly untilMs: number | null;
}

/** The screen that stands. */
export type Stage =
  | { readonly at: 'starting' }
  | { readonly at: 'unreachable' }
  | { readonly at: 'password'; readonly notice: Notice | null }
  /** `factors`: what this person can show; none when it is not known, as after a reload. */
  | { readonly at: 'code'; readonly factors: readonly SecondFactor[] }
  | { readonly at: 'link'; readonly secret: string }
  | { readonly at: 'new_password'; readonly secret: string }
  | { readonly at: 'enrol'; readonly mfa: MfaStart | null }
  | { readonly at: 'recovery'; readonly codes: readonly string[] }
  | { readonly at: 'in'; readonly me: Me };

/** The machine's whole state. */
export interface SignInState {
  readonly stage: Stage;
  /** A request is under way: buttons rest. */
  readonly busy: boolean;
  /** What was refused last on this screen. */
  readonly refusal: Refusal | null;
  /** The ways in that there are here; null until they are known. */
  readonly ways: SignInWays | null;
}

/** What can happen. */
export type SignInEvent =
  | { readonly kind: 'sent' }
  | { readonly kind: 'link_found'; readonly secret: string }
  | { readonly kind: 'next'; readonly next: Exclude<SignInNext, 'done'>; readonly factors: readonly SecondFactor[] }
  | { readonly kind: 'ways'; readonly ways: SignInWays }
  | { readonly kind: 'mfa_ready'; readonly mfa: MfaStart }
  | { readonly kind: 'enrolled'; readonly codes: readonly string[] }
  | { readonly kind: 'me'; readonly me: Me }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly nowMs: number; readonly retryAfterMs: number | null }
  | { readonly kind: 'out'; readonly notice: Notice }
  | { readonly kind: 'back' };

/** Before anything is known. */
export const STARTING: SignInState = { stage: { at: 'starting' }, busy: true, refusal: null, ways: null };

/** The next state. An event that does not fit the screen changes nothing but `busy`. */
export function signInReducer(state: SignInState, event: SignInEvent): SignInState {
  const at = (stage: Stage) => screen(state, stage);
  switch (event.kind) {
    case 'ways':
      return { ...state, ways: event.ways };
    case 'sent':
      return { ...state, busy: true, refusal: null };
    case 'link_found':
      return at({ at: 'link', secret: event.secret });
    case 'next':
      return afterStep(state, event.next, event.factors);
    case 'mfa_ready':
      return state.stage.at === 'enrol' ? at({ at: 'enrol', mfa: event.mfa }) : { ...state, busy: false };
    case 'enrolled':
      return at({ at: 'recovery', codes: event.codes });
    case 'me':
      return at({ at: 'in', me: event.me });
    case 'out':
      return at({ at: 'password', notice: event.notice });
    case 'back':
      return at({ at: 'password', notice: null });
    case 'refused':
      return afterRefusal(state, event.code, event.retryAfterMs === null ? null : event.nowMs + event.retryAfterMs);
  }
}

/** Another screen: nothing runs, nothing was refused on it. */
const screen = (state: SignInState, stage: Stage): SignInState => ({ ...state, stage, busy: false, refusal: null });

function afterStep(state: SignInState, next: Exclude<SignInNext, 'done'>, factors: readonly SecondFactor[]): SignInState {
  const at = (stage: Stage) => screen(state, stage);
  switch (next) {
    case 'code':
      return at({ at: 'code', factors });
    case 'enrol':
      return at({ at: 'enrol', mfa: null });
    case 'password': {
      const secret = secretOf(state.stage);
      // Only a link asks for a new password; without its secret there is nothing to set it with.
      return secret === null ? at({ at: 'password', notice: 'link_dead' }) : at({ at: 'new_password', secret });
    }
  }
}

function afterRefusal(state: SignInState, code: RefusalCode, untilMs: number | null): SignInState {
  const { stage } = state;
  const at = (to: Stage) => screen(state, to);
  switch (code) {
    case 'second_factor_needed':
      return at({ at: 'code', factors: [] });
    case 'enrolment_needed':
      return at({ at: 'enrol', mfa: null });
    case 'not_signed_in':
      return at({ at: 'password', notice: stage.at === 'starting' ? null : 'session_over' });
    case 'no_such_visit':
    case 'not_found':
    case 'token_expired':
      if (secretOf(stage) !== null) return at({ at: 'password', notice: 'link_dead' });
      break;
    case 'bad_credentials':
      // On a link's screens there is no password to be wrong: the link itself is not accepted.
      if (stage.at === 'link') return at({ at: 'password', notice: 'link_dead' });
      break;
    default:
      break;
  }
  if (stage.at === 'starting' || stage.at === 'unreachable') return at({ at: 'unreachable' });
  return { ...state, busy: false, refusal: { code, untilMs } };
}

function secretOf(stage: Stage): string | null {
  return stage.at === 'link' || stage.at === 'new_password' ? stage.secret : null;
}

/** The secret of a one-time link in a URL fragment (`#in=…`), or null. */
export function linkSecret(fragment: string): string | null {
  const match = /^#in=([A-Za-z0-9_-]{16,128})$/.exec(fragment);
  return match?.[1] ?? null;
}

/** Where the identity provider sends browsers back to. */
const BACK = '/signin/back';

/** What the identity provider put into the address, or null when one does not come from there. */
export function providerBack(pathname: string, search: string): SsoBack | null {
  if (pathname !== BACK) return null;
  const said = new URLSearchParams(search);
  const [state, code, iss] = [said.get('state'), said.get('code'), said.get('iss')];
  // Without a state nothing can come of it; the server says so.
  const back: SsoBack = { state: state ?? '' };
  if (code !== null) back.code = code;
  if (iss !== null) back.iss = iss;
  return back;
}

/** Whether a code looks like six digits of an authenticator app (true) or a recovery code (false). */
export function isAppCode(text: string): boolean {
  return /^\d{6}$/.test(bareCode(text));
}

/** A code as sent: without the spaces people and password managers put in. */
export function bareCode(text: string): string {
  return text.replace(/\s+/g, '');
}

/** Shortest password accepted, in characters. The server also refuses common ones. */
export const MIN_PASSWORD_CHARS = 12;

/** Whole seconds left until `untilMs`, rounded up so that "0" means: now. */
export function secondsLeft(untilMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((untilMs - nowMs) / 1000));
}
