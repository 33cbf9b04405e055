/** Reads the log as its page asks: anew for somebody else, further back on request. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { AnyErrorCode } from '@bedside/client';
import { codeOf } from '../clinic/session';
import { ENOUGH, isThrough, readOn, sift, type Reading, type Sieve, type Whose } from './log';
import type { Fetched } from './parts';

export interface LogReading extends Fetched<Reading> {
  /** Reads further back; `then` when it has come. */
  more(then: () => void): void;
}

const REST: { readonly busy: boolean; readonly refused: AnyErrorCode | null } = { busy: false, refused: null };

/** `whose` and `sieve` are compared by identity: keep them while they are the same. */
export function useLog(search: Parameters<typeof readOn>[0], whose: Whose, sieve: Sieve): LogReading {
  const [reading, setReading] = useState<Reading | null>(null);
  const [state, setState] = useState(REST);
  // What comes back for an earlier question, or after the page is gone, is dropped.
  const turn = useRef(0);

  const goOn = (before: Reading | null, then?: () => void) => {
    turn.current += 1;
    const mine = turn.current;
    setState({ busy: true, refused: null });
    readOn(search, whose, sieve, before).then(
      (now) => {
        if (mine !== turn.current) return;
        setReading(now);
        setState(REST);
        then?.();
      },
      (caught: unknown) => {
        if (mine === turn.current) setState({ busy: false, refused: codeOf(caught) });
      },
    );
  };
  useEffect(() => {
    setReading(null);
    goOn(null);
  }, [whose]);
  useEffect(() => {
    // What has come may hold few hits of another choice.
    if (reading && sift(reading.lines, sieve).length < ENOUGH && !isThrough(reading, sieve)) goOn(reading);
  }, [sieve]);
  useEffect(
    () => () => {
      turn.current += 1;
    },
    [],
  );

  return { ...state, value: reading, again: () => goOn(reading), more: (then) => goOn(reading, then), set: setReading };
}
