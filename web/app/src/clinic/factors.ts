/** What can be done about the own second step. */
import {
  addPasskey,
  createPasskey,
  knowsPasskeys,
  mfaFinish,
  mfaStart,
  passkeyCreation,
  usePasskey,
  type MfaStart,
  type Passkeys,
} from '@bedside/client/clinic';

/** The calls that only this needs, loaded when somebody looks. */
const load = () => import('@bedside/client/factors');

/** Every promise rejects with a `BedsideError` only. */
export interface FactorActions {
  /** The own passkeys, and what else stands after the password. */
  passkeys(): Promise<Passkeys>;
  /** Has the browser make a passkey; gives recovery codes when there were none. Rejects with `factor_needed`. */
  addPasskey(name: string): Promise<readonly string[]>;
  /** Rejects with `factor_needed` as adding does. */
  removePasskey(passkey: string): Promise<void>;
  /** A key for an authenticator app. Rejects with `factor_needed` as adding a passkey does. */
  startApp(): Promise<MfaStart>;
  /** Proves that the app has it; gives recovery codes when there were none. */
  finishApp(code: string): Promise<readonly string[]>;
  /** Shows the second step again: a code of the app, or a recovery code. */
  showCode(code: string): Promise<void>;
  /** The same by a passkey. */
  showPasskey(): Promise<void>;
}

/** By the server and this browser. */
export const ownFactors: FactorActions = {
  passkeys: async () => {
    const all = await (await load()).passkeys();
    return { ...all, possible: all.possible && knowsPasskeys() };
  },
  addPasskey: async (name) => (await addPasskey(await createPasskey(await passkeyCreation(), name))).recovery_codes,
  startApp: mfaStart,
  finishApp: async (code) => (await mfaFinish(code)).recovery_codes,
  showCode: async (code) => (await load()).showCode(code),
  showPasskey: async () => {
    const calls = await load();
    await calls.showPasskey(await usePasskey(await calls.showPasskeyRequest()));
  },
  removePasskey: async (passkey) => (await load()).removePasskey(passkey),
};
