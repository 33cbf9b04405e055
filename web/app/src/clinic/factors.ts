/** What can be done about the own second step. */
import { addPasskey, createPasskey, knowsPasskeys, passkeyCreation, type Passkeys } from '@bedside/client/clinic';

/** The calls that only this needs, loaded when somebody looks. */
const load = () => import('@bedside/client/factors');

/** Every promise rejects with a `BedsideError` only. */
export interface FactorActions {
  /** The own passkeys, and what else stands after the password. */
  passkeys(): Promise<Passkeys>;
  /** Has the browser make a passkey; gives recovery codes when there were none. */
  addPasskey(name: string): Promise<readonly string[]>;
  removePasskey(passkey: string): Promise<void>;
}

/** By the server and this browser. */
export const ownFactors: FactorActions = {
  passkeys: async () => {
    const all = await (await load()).passkeys();
    return { ...all, possible: all.possible && knowsPasskeys() };
  },
  addPasskey: async (name) => (await addPasskey(await createPasskey(await passkeyCreation(), name))).recovery_codes,
  removePasskey: async (passkey) => (await load()).removePasskey(passkey),
};
