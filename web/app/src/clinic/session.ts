/**
 * The sign-in of this page: runs the state machine of `model/sign-in.ts` against the server.
 *
 * Owns the requests and nothing else. Passwords and codes pass through as arguments and are not
 * kept. The network and the clock are handed in, so that tests need neither.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import {
  isBedsideError,
  type Me,
  type MfaDone,
  type MfaStart,
  type PasskeyCreation,
  type PasskeyNew,
  type PasskeyRequest,
  type PasskeyUse,
  type SignInStep,
  type SignInWays,
  type SsoBack,
  type SsoWay,
} from '@bedside/client/clinic';
import { ERROR_CODES, type ErrorCode } from '@bedside/client/protocol';
import { STARTING, bareCode, signInReducer, type Notice, type RefusalCode, type SignInEvent, type SignInState } from './model/sign-in';

/** The calls that signing in needs; `@bedside/client/clinic` has them all. */
export interface SessionApi {
  whoAmI(): Promise<Me>;
  signIn(email: string, password: string): Promise<SignInStep>;
  signInCode(code: string): Promise<SignInStep>;
  signInLink(secret: string, password?: string): Promise<SignInStep>;
  mfaStart(): Promise<MfaStart>;
  mfaFinish(code: string): Promise<MfaDone>;
  signInWays(): Promise<SignInWays>;
  ssoStart(): Promise<SsoWay>;
  ssoFinish(back: SsoBack): Promise<SignInStep>;
  /** Leaves this page for another address. */
  leave(url: string): void;
  passkeyRequest(alone: boolean): Promise<PasskeyRequest>;
  usePasskey(asked: PasskeyRequest): Promise<PasskeyUse>;
  signInPasskey(use: PasskeyUse): Promise<SignInStep>;
  passkeyCreation(): Promise<PasskeyCreation>;
  createPasskey(asked: PasskeyCreation, name: string): Promise<PasskeyNew>;
  addPasskey(made: PasskeyNew): Promise<MfaDone>;
  /** Whether this browser knows passkeys. */
  knowsPasskeys(): boolean;
  signOut(): Promise<void>;
  signOutEverywhere(): Promise<void>;
}

/** What the screens can do about signing in. None of the promises rejects. */
export interface Session {
  readonly state: ReadonlySignal<SignInState>;
  /** Finds out where one stands; `secret` comes from a one-time link, `back` from the identity provider. */
  start(secret: string | null, back?: SsoBack | null): Promise<void>;
  password(email: string, password: string): Promise<void>;
  code(code: string): Promise<void>;
  /** Goes to the clinic's identity provider. */
  sso(): Promise<void>;
  /** Signs in by a passkey: `alone`, or after the password. */
  passkey(alone: boolean): Promise<void>;
  /** Uses the one-time link; with `password` it also sets the password. */
  link(password?: string): Promise<void>;
  /** Asks for the authenticator's key, also again after a failure. */
  enrol(): Promise<void>;
  confirmEnrolment(code: string): Promise<void>;
  /** Sets up a passkey of this name instead of the authenticator app. */
  enrolPasskey(name: string): Promise<void>;
  /** The recovery codes are kept: go in. */
  codesKept(): Promise<void>;
  /** Back to the empty form. */
  back(): void;
  /** Tells the server that somebody is here, and learns whether the sign-in still holds. */
  touch(): Promise<void>;
  out(how: 'signed_out' | 'signed_out_everywhere' | 'idle'): Promise<void>;
  /** The server said elsewhere that the sign-in is over. */
  over(): void;
}

/** Makes a session. `now_ms` is any steady clock. */
export function createSession(api: SessionApi, now_ms: () => number): Session {
  const state = signal<SignInState>(STARTING);
  const tell = (event: SignInEvent) => {
    state.value = signInReducer(state.value, event);
  };

  const refuse = (caught: unknown) => {
    const code = codeOf(caught);
    const retryAfterMs = isBedsideError(caught) ? (caught.retryAfterMs ?? null) : null;
    tell({ kind: 'refused', code, nowMs: now_ms(), retryAfterMs });
  };

  async function attempt(deed: () => Promise<void>): Promise<void> {
    tell({ kind: 'sent' });
    try {
      await deed();
    } catch (caught) {
      refuse(caught);
    }
  }

  const goIn = async () => tell({ kind: 'me', me: await api.whoAmI() });

  const follow = async (step: SignInStep) => {
    if (step.next === 'done') return goIn();
    tell({ kind: 'next', next: step.next, factors: step.factors });
    if (step.next === 'enrol') await prepareKey();
  };

  const prepareKey = async () => {
    tell({ kind: 'sent' });
    tell({ kind: 'mfa_ready', mfa: await api.mfaStart() });
  };

  /** Nothing waits for it: without an answer there is the password. */
  const findWays = async () => {
    try {
      const ways = await api.signInWays();
      tell({ kind: 'ways', ways: { ...ways, passkeys: ways.passkeys && api.knowsPasskeys() } });
    } catch {
      // The form stands already.
    }
  };

  return {
    state,
    async start(secret, back = null) {
      void findWays();
      if (back !== null) {
        // A refusal is said on the form, where the other ways are.
        tell({ kind: 'back' });
        await attempt(async () => follow(await api.ssoFinish(back)));
        return;
      }
      if (secret !== null) return tell({ kind: 'link_found', secret });
      await attempt(goIn);
      if (state.value.stage.at === 'enrol') await attempt(prepareKey);
    },
    password: (email, password) => attempt(async () => follow(await api.signIn(email.trim(), password))),
    code: (code) => attempt(async () => follow(await api.signInCode(bareCode(code)))),
    sso: () => attempt(async () => api.leave((await api.ssoStart()).url)),
    passkey: (alone) =>
      attempt(async () => follow(await api.signInPasskey(await api.usePasskey(await api.passkeyRequest(alone))))),
    link: (password) => {
      const { stage } = state.value;
      if (stage.at !== 'link' && stage.at !== 'new_password') return Promise.resolve();
      return attempt(async () => follow(await api.signInLink(stage.secret, password)));
    },
    enrol: () => attempt(prepareKey),
    confirmEnrolment: (code) =>
      attempt(async () => tell({ kind: 'enrolled', codes: (await api.mfaFinish(bareCode(code))).recovery_codes })),
    enrolPasskey: (name) =>
      attempt(async () => {
        const made = await api.createPasskey(await api.passkeyCreation(), name);
        tell({ kind: 'enrolled', codes: (await api.addPasskey(made)).recovery_codes });
      }),
    codesKept: () => attempt(goIn),
    back: () => tell({ kind: 'back' }),
    async touch() {
      try {
        const me = await api.whoAmI();
        // Signing out may have overtaken the question.
        if (state.value.stage.at === 'in') tell({ kind: 'me', me });
      } catch (caught) {
        // Only a plain "not signed in" ends the work; a lost network does not.
        if (isBedsideError(caught) && caught.code === 'not_signed_in') refuse(caught);
      }
    },
    async out(how) {
      // The screen goes first: whoever leaves must not wait for a network to hide the names.
      tell({ kind: 'out', notice: how });
      try {
        await (how === 'signed_out_everywhere' ? api.signOutEverywhere() : api.signOut());
      } catch (caught) {
        // Already out is as good as out. Anything else must be said: the cookie may still be good.
        if (!isBedsideError(caught) || caught.code !== 'not_signed_in') refuse(caught);
      }
    },
    over: () => tell({ kind: 'out', notice: 'session_over' satisfies Notice }),
  };
}

/** The server's code of something caught; anything unknown counts as `internal`. */
export function codeOf(caught: unknown): RefusalCode {
  if (!isBedsideError(caught)) return 'internal';
  if (caught.code === 'passkey_dismissed' || caught.code === 'passkey_known') return caught.code;
  if (caught.code === 'offline' || caught.code === 'aborted') return 'offline';
  return (ERROR_CODES as readonly string[]).includes(caught.code) ? (caught.code as ErrorCode) : 'internal';
}
