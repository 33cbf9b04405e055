/** What the pages of the office need: who reads, and the calls to the server. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { isBedsideError, type Me, type whoAmI } from '@bedside/client/clinic';
import type * as officeApi from '@bedside/client/office';

/** Every call; each rejects with a `BedsideError` only. */
export type OfficeApi = typeof officeApi & { readonly whoAmI: typeof whoAmI };

export interface Desk {
  readonly me: Me;
  readonly api: OfficeApi;
}

/** Set once around the pages. */
export const OfficeContext = createContext<Desk | null>(null);

/** The office of the nearest provider. */
export function useOffice(): Desk {
  const office = useContext(OfficeContext);
  if (!office) throw new Error('a page of the office stands outside of OfficeContext');
  return office;
}

/** The same calls; one that hears that the sign-in is over tells `onOver`. */
export function watched(api: OfficeApi, onOver: () => void): OfficeApi {
  const watch =
    (work: (...args: never[]) => Promise<unknown>) =>
    (...args: never[]) =>
      work(...args).catch((caught: unknown) => {
        if (isBedsideError(caught) && caught.code === 'not_signed_in') onOver();
        throw caught;
      });
  // Each call keeps its own shape: the wrapper only listens.
  return Object.fromEntries(Object.entries(api).map(([name, work]) => [name, watch(work)])) as unknown as OfficeApi;
}
