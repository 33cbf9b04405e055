/** Server time in the page: every wait and every lateness is counted by the clinic's clock. */
import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Timestamp } from '@bedside/client';
import { formatClock } from '../i18n';
import { sinceMs } from './model/board';

/** Tells the server's time in µs. */
export type ServerClock = () => Timestamp;

/** A clock that is `offset_ms` ahead of this machine's. */
export function serverClock(offset_ms: () => number): ServerClock {
  return () => (Date.now() + offset_ms()) * 1000;
}

/** The clock that the components below go by; tests hand in one that stands still. */
export const ClockContext = createContext<ServerClock>(serverClock(() => 0));

/** The server's time in µs, renewed every `every_ms`. */
export function useServerNow(every_ms: number): Timestamp {
  const clock = useContext(ClockContext);
  const [now, setNow] = useState(clock);
  useEffect(() => {
    setNow(clock());
    const timer = setInterval(() => setNow(clock()), every_ms);
    return () => clearInterval(timer);
  }, [clock, every_ms]);
  return now;
}

export interface ElapsedProps {
  /** Since when, in µs. */
  readonly sinceUs: Timestamp;
  /** Puts the running time into words; the figures alone by default. */
  readonly children?: (clock: string) => string;
}

/** A running time such as 4:07. Silent for screen readers as it runs: no live region. */
export function Elapsed({ sinceUs, children = (clock) => clock }: ElapsedProps) {
  const now = useServerNow(1000);
  return <span class="clinic-figures">{children(formatClock(sinceMs(sinceUs, now)))}</span>;
}
