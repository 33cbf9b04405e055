/** One request started by a press: under way, refused, done. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { isBedsideError, type AnyErrorCode } from '@bedside/client';

export interface Deed {
  readonly busy: boolean;
  /** Why the last try was refused. */
  readonly refused: AnyErrorCode | null;
  /** The field at fault, when the server names one. */
  readonly field: string | null;
  /** Runs `work` unless something runs already; `then` gets its result. Never rejects. */
  run<T>(work: () => Promise<T>, then?: (result: T) => void): void;
  /** Forgets the last refusal. */
  clear(): void;
}

/** A deed per component; what comes back after the component is gone is dropped. */
export function useDeed(): Deed {
  const [state, setState] = useState<Pick<Deed, 'busy' | 'refused' | 'field'>>(REST);
  const running = useRef(false);
  const gone = useRef(false);
  useEffect(() => {
    gone.current = false;
    return () => {
      gone.current = true;
    };
  }, []);

  return {
    ...state,
    run(work, then) {
      // A ref, because two presses may come before the next drawing.
      if (running.current) return;
      running.current = true;
      setState({ busy: true, refused: null, field: null });
      work().then(
        (result) => {
          running.current = false;
          if (gone.current) return;
          setState(REST);
          then?.(result);
        },
        (caught: unknown) => {
          running.current = false;
          if (gone.current) return;
          const code = isBedsideError(caught) ? caught.code : 'internal';
          setState({ busy: false, refused: code, field: (isBedsideError(caught) && caught.field) || null });
        },
      );
    },
    clear: () => setState((now) => ({ ...now, refused: null, field: null })),
  };
}

const REST = { busy: false, refused: null, field: null } as const;
