/**
 * The way in: from a link, or from the cookie of this device, to a seat. Owns the secret of the link,
 * which lives in memory only and is dropped when the seat is ours.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import { isBedsideError, type LinkLook, type LinkOpened, type MySeats } from '@bedside/client/guest';
import { faultOf, type Fault } from './faults';

/** Where the person stands before the visit opens. */
export type Entry =
  | { readonly at: 'looking' }
  | { readonly at: 'hello'; readonly look: LinkLook }
  | {
      readonly at: 'birth_date';
      readonly look: LinkLook;
      /** The last answer did not match. */
      readonly wrong: boolean;
      readonly triesLeft: number | null;
    }
  | { readonly at: 'fault'; readonly fault: Fault }
  | {
      readonly at: 'open';
      readonly seat: LinkOpened;
      /** By the link just now; otherwise by coming back on the same device. */
      readonly fresh: boolean;
      readonly look: LinkLook | null;
    };

/** What the session needs from the world. */
export interface SessionWorld {
  lookLink(secret: string): Promise<LinkLook>;
  openLink(secret: string, birthDate?: string): Promise<LinkOpened>;
  mySeats(): Promise<MySeats>;
  /** The part of the address after `#`, without it. */
  readonly fragment: string;
  /** Takes the secret out of the address bar and the history. */
  clearFragment(): void;
}

export interface Session {
  readonly entry: ReadonlySignal<Entry>;
  /** A request runs. */
  readonly busy: ReadonlySignal<boolean>;
  /** Looks at the link, or for a seat that this device holds. Again after a fault. */
  begin(): Promise<void>;
  /** The button: opens the link, with the date of birth (`YYYY-MM-DD`) when it was asked. */
  open(birthDate?: string): Promise<void>;
}

/** Starts nothing by itself: call `begin()`. */
export function createSession(world: SessionWorld): Session {
  const entry = signal<Entry>({ at: 'looking' });
  const busy = signal(false);
  let secret = world.fragment;

  /** One request at a time: a second press while one runs does nothing. */
  async function alone(work: () => Promise<Entry>, failed: (error: unknown) => Entry): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    try {
      entry.value = await work();
    } catch (error) {
      entry.value = failed(error);
    } finally {
      busy.value = false;
    }
  }

  const fault = (error: unknown): Entry => ({ at: 'fault', fault: faultOf(isBedsideError(error) ? error : null) });

  async function look(): Promise<Entry> {
    if (secret !== '') return { at: 'hello', look: await world.lookLink(secret) };
    const { seats } = await world.mySeats();
    const newest = seats[0];
    if (!newest) return { at: 'fault', fault: { kind: 'no_link', retryAfterMs: null } };
    return { at: 'open', seat: newest, fresh: false, look: null };
  }

  return {
    entry,
    busy,
    begin: () => alone(look, fault),
    open(birthDate) {
      const now = entry.value;
      if (now.at !== 'hello' && now.at !== 'birth_date') return Promise.resolve();
      if (now.at === 'hello' && now.look.second_check) {
        entry.value = { at: 'birth_date', look: now.look, wrong: false, triesLeft: null };
        return Promise.resolve();
      }
      return alone(
        async () => {
          const seat = await world.openLink(secret, birthDate);
          secret = '';
          world.clearFragment();
          return { at: 'open', seat, fresh: true, look: now.look };
        },
        (error) => {
          const code = isBedsideError(error) ? error.code : null;
          if (code !== 'second_check_needed' && code !== 'second_check_failed') return fault(error);
          return {
            at: 'birth_date',
            look: now.look,
            wrong: code === 'second_check_failed',
            triesLeft: isBedsideError(error) ? (error.triesLeft ?? null) : null,
          };
        },
      );
    },
  };
}
