/**
 * Synthetic patients on their way, for trying alone. Owns who is still awaited: from the press until
 * the patient waits, is refused, or does not come. Knows nothing of how one is made.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { BoardVisit } from '@bedside/client';
import { toast } from '../../ui';
import { clinicWords } from '../i18n';
import { isInside, isOver, patientOf } from '../model/board';
import { codeOf } from '../session';
import { errorText } from '../words';
import { useClinic } from './actions';

/** Whoever has not come by then is not awaited any longer, in milliseconds. */
export const SYNTHETIC_PATIENCE_MS = 30_000;

export interface Synthetic {
  /** Visits whose synthetic patient is on the way. */
  readonly coming: ReadonlySet<string>;
  /** Lets one come to this visit. A refusal is told as a toast. */
  call(visit: string): void;
}

/** Whether a synthetic patient may take the patient's place now: nobody has it. */
export function canBeSynthetic(visit: BoardVisit): boolean {
  const state = patientOf(visit)?.state;
  return !isOver(visit) && (state === 'invited' || state === 'left');
}

/** Watches over the synthetic patients of this board. */
export function useSynthetic(visits: readonly BoardVisit[]): Synthetic {
  const { actions } = useClinic();
  const [coming, setComing] = useState<ReadonlySet<string>>(NOBODY);
  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());

  const forget = (visit: string) => {
    clearTimeout(timers.current.get(visit));
    timers.current.delete(visit);
    setComing((before) => new Set([...before].filter((other) => other !== visit)));
  };

  useEffect(() => {
    for (const visit of visits) if (coming.has(visit.visit) && hasCome(visit)) forget(visit.visit);
  }, [visits, coming]);
  useEffect(
    () => () => {
      for (const timer of timers.current.values()) clearTimeout(timer);
    },
    [],
  );

  return {
    coming,
    call(visit) {
      if (timers.current.has(visit)) return;
      const late = () => {
        forget(visit);
        toast(clinicWords.t.visit.syntheticLate, 'warn');
      };
      timers.current.set(visit, setTimeout(late, SYNTHETIC_PATIENCE_MS));
      setComing((before) => new Set([...before, visit]));
      actions.synthetic(visit).catch((caught: unknown) => {
        forget(visit);
        toast(errorText(codeOf(caught)), 'warn');
      });
    },
  };
}

const NOBODY: ReadonlySet<string> = new Set();

function hasCome(visit: BoardVisit): boolean {
  const patient = patientOf(visit);
  return isOver(visit) || (patient !== undefined && (patient.state === 'waiting' || isInside(patient)));
}
