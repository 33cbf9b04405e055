/** The clinic's HTTP calls. Each rejects with a `BedsideError` only. */

import { call } from './http';
import type {
  Clinician,
  Clinicians,
  CreateVisit,
  EmergencyOpened,
  EmergencyRequest,
  EndAs,
  Invitation,
  Invite,
  InviteColleague,
  Me as StaffMe,
  MfaDone,
  MfaStart,
  PasskeyCreation,
  PasskeyNew,
  PasskeyRequest,
  PasskeyUse,
  SetOutcome,
  SignIn,
  SignInCode,
  SignInLink,
  SignInStep,
  SignInWays,
  SsoBack,
  SsoWay,
  VisitCreated,
  VisitQuality,
} from './protocol';

/** First step: e-mail and password. Rejects with `bad_credentials` or `locked_out`. */
export function signIn(email: string, password: string): Promise<SignInStep> {
  return call('POST', 'signin', { email, password } satisfies SignIn);
}

/** Second step: six digits, or a recovery code. */
export function signInCode(code: string): Promise<SignInStep> {
  return call('POST', 'signin/code', { code } satisfies SignInCode);
}

/** Uses a one-time sign-in link; with `password` it also sets the password. */
export function signInLink(secret: string, password?: string): Promise<SignInStep> {
  const body: SignInLink = password === undefined ? { secret } : { secret, password };
  return call('POST', 'signin/link', body);
}

/** Signs this browser out. */
export function signOut(): Promise<void> {
  return call('POST', 'signout');
}

/** Signs this person out on every device. */
export function signOutEverywhere(): Promise<void> {
  return call('POST', 'signout/everywhere');
}

/** Begins to set up the authenticator app. */
export function mfaStart(): Promise<MfaStart> {
  return call('POST', 'mfa/start');
}

/** Proves that the app works; answers with ten recovery codes, shown once. */
export function mfaFinish(code: string): Promise<MfaDone> {
  return call('POST', 'mfa/finish', { code });
}

/** The ways in that there are here. */
export function signInWays(): Promise<SignInWays> {
  return call('GET', 'signin/ways');
}

/** Begins to sign in by the clinic's identity provider: where the page goes next. */
export function ssoStart(): Promise<SsoWay> {
  return call('POST', 'signin/sso/start');
}

/** Back from the provider. Rejects with `sso_refused`, `sso_unknown` or `sso_unreachable`. */
export function ssoFinish(back: SsoBack): Promise<SignInStep> {
  return call('POST', 'signin/sso/finish', back);
}

/** Begins to sign in by a passkey: `alone`, or after the password. */
export function passkeyRequest(alone: boolean): Promise<PasskeyRequest> {
  return call('POST', 'signin/passkey/start', { alone });
}

/** Signs in by a passkey. Rejects with `passkey_refused` or `locked_out`. */
export function signInPasskey(use: PasskeyUse): Promise<SignInStep> {
  return call('POST', 'signin/passkey', use);
}

/** Begins to add a passkey. */
export function passkeyCreation(): Promise<PasskeyCreation> {
  return call('POST', 'passkeys/start');
}

/** Adds a passkey; answers with recovery codes when there were none. Rejects with `passkey_refused`. */
export function addPasskey(made: PasskeyNew): Promise<MfaDone> {
  return call('POST', 'passkeys/finish', made);
}

/** Who is signed in. Rejects with `not_signed_in`. */
export function whoAmI(): Promise<StaffMe> {
  return call('GET', 'me');
}

/** Those whose visit a visit can be, sorted by name; oneself among them, if so. */
export async function bookableClinicians(): Promise<readonly Clinician[]> {
  return (await call<Clinicians>('GET', 'clinicians')).clinicians;
}

/** Books a visit. Rejects with `bad_field` `host` when reception names nobody who can hold it. */
export function bookVisit(body: CreateVisit): Promise<VisitCreated> {
  return call('POST', 'visits', body);
}

/** Invites one more person, or makes a fresh link for a seat. */
export function invite(visit: string, body: Invite): Promise<Invitation> {
  return call('POST', `visits/${encodeURIComponent(visit)}/invite`, body);
}

/**
 * Invites a colleague: the visit stands on their board, and they join with their own sign-in. Twice
 * is once. Rejects with `bad_field` `user` for oneself, for the host, and for whoever holds no visits.
 */
export function inviteColleague(visit: string, user: string): Promise<void> {
  return call('POST', `visits/${encodeURIComponent(visit)}/colleague`, { user } satisfies InviteColleague);
}

/** Closes a visit from the board. Rejects with `not_a_no_show` when the patient did come. */
export function setOutcome(visit: string, outcome: EndAs): Promise<void> {
  return call('POST', `visits/${encodeURIComponent(visit)}/outcome`, { outcome } satisfies SetOutcome);
}

/**
 * Opens a restricted visit of somebody else for an hour. The reason is kept and reviewed. Rejects with
 * `bad_field` `reason`, and with `wrong_state` when the visit is open to the reader anyway.
 */
export function openInEmergency(visit: string, reason: string): Promise<EmergencyOpened> {
  return call('POST', `visits/${encodeURIComponent(visit)}/emergency`, { reason } satisfies EmergencyRequest);
}

/** How the call of a visit was, for all who were in it. Who looks is put on record. */
export function visitQuality(visit: string): Promise<VisitQuality> {
  return call('GET', `visits/${encodeURIComponent(visit)}/quality`);
}

/** Demo only: lets a synthetic patient come to the visit. */
export function inviteSyntheticGuest(visit: string): Promise<void> {
  return call('POST', `visits/${encodeURIComponent(visit)}/guest`);
}
