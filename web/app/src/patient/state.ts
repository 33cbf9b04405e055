/**
 * What the patient's page holds: the way in, the devices, the visit. Owns when each is made and when
 * the bigger part of the page is fetched; shows nothing.
 */
import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { DeviceCheck } from '@bedside/client/check';
import type { VisitClient, VisitOptions } from '@bedside/client';
import type { CheckReport } from '@bedside/client/protocol';
import { NO_ANSWERS, type Answers } from './check/flow';
import { untilThere } from './fetching';
import { consentHolds } from './flow';
import type { Session } from './session';
import type { Ring } from './ring';
import type { VisitPages } from './visit';

/** The part of the page that comes later; the module `./visit`. */
export interface VisitPart {
  readonly createVisit: (options: VisitOptions) => VisitClient;
  readonly createRing: () => Ring;
  readonly VisitPages: typeof VisitPages;
  loadWords(): Promise<void>;
}

/** An open visit with its pages. */
export interface Opened {
  readonly visit: VisitClient;
  readonly pages: VisitPart;
  readonly ring: Ring;
}

export interface PatientState {
  readonly session: Session;
  readonly check: DeviceCheck;
  /** Where the person stands in the check. */
  readonly answers: Signal<Answers>;
  /** Result of the check; `null` before its end and after going back to it. */
  readonly report: ReadonlySignal<CheckReport | null>;
  /** `null` until link, pages and words are there. */
  readonly opened: ReadonlySignal<Opened | null>;
  /** The person knows that their place was given up, and has to check this device before going on. */
  readonly expirySeen: ReadonlySignal<boolean>;
  /** The person asked to come in again; the server has not answered yet. */
  readonly returning: ReadonlySignal<boolean>;
  /** Counts fetches that failed in a row: above 0 the page says that it tries again. */
  readonly fetchFailures: ReadonlySignal<number>;
  /** Fetches the pages of the visit ahead of need. */
  prefetch(): void;
  /** The check is done: hands it in, now or as soon as the visit is there. */
  finishCheck(report: CheckReport): void;
  /** Back from consent to the check. */
  checkAgain(): void;
  /** After the place was given up: back to the waiting room, by the check if this page made none. */
  comeBack(): void;
  /** Opens the same seat anew. */
  rejoin(): void;
}

/**
 * `fetchPages` is the dynamic import. It is passed in, so that tests can let it fail; `wait` stands in
 * for the clock there.
 */
export function createPatientState(
  session: Session,
  check: DeviceCheck,
  fetchPages: () => Promise<VisitPart>,
  wait?: (span_ms: number) => Promise<void>,
): PatientState {
  const opened = signal<Opened | null>(null);
  const fetchFailures = signal(0);
  const answers = signal<Answers>(NO_ANSWERS);
  const report = signal<CheckReport | null>(null);
  const expirySeen = signal(false);
  const returning = signal(false);
  let pages: Promise<VisitPart> | null = null;

  const fetchOnce = (): Promise<VisitPart> => {
    pages ??= fetchPages().then(async (module) => {
      await module.loadWords();
      return module;
    });
    return pages;
  };

  const fetchAgain = (): Promise<VisitPart> =>
    fetchOnce().catch((failure: unknown) => {
      pages = null;
      throw failure;
    });

  async function open(): Promise<void> {
    const entry = session.entry.value;
    if (entry.at !== 'open') return;
    const module = await untilThere(fetchAgain, (inARow) => {
      fetchFailures.value = inARow;
    }, wait);
    fetchFailures.value = 0;
    const before = opened.value;
    before?.visit.dispose();
    if (before !== null) {
      // Opened anew: the devices were let go of, so they are looked at again.
      report.value = null;
      answers.value = NO_ANSWERS;
    }
    const visit = module.createVisit({ ...entry.seat, devices: check.devices });
    if (report.value !== null) visit.sendCheck(report.value);
    visit.phase.subscribe((phase) => {
      if (phase === 'checking' || phase === 'consenting') return;
      expirySeen.value = false;
      returning.value = false;
    });
    // Refused: the page shows where one stands, and the next step is there.
    visit.on('error', () => {
      returning.value = false;
    });
    opened.value = { visit, pages: module, ring: before?.ring ?? module.createRing() };
  }

  effect(() => {
    if (session.entry.value.at === 'open') void open();
  });

  return {
    session,
    check,
    answers,
    report,
    opened,
    expirySeen,
    returning,
    fetchFailures,
    // A failure is no news yet: it is fetched again when it is needed.
    prefetch: () => void fetchAgain().catch(() => undefined),
    finishCheck(result) {
      report.value = result;
      const visit = opened.value?.visit;
      // Opened anew while the visit stood at consent: the server wants to be back at the check.
      if (visit?.phase.value === 'consenting') visit.recheck();
      visit?.sendCheck(result);
    },
    checkAgain() {
      report.value = null;
      answers.value = NO_ANSWERS;
      opened.value?.visit.recheck();
    },
    comeBack() {
      const visit = opened.value?.visit;
      if (visit === undefined) return;
      if (report.value === null) {
        expirySeen.value = true;
        return;
      }
      visit.sendCheck(report.value);
      // Who has consented already is not asked again.
      if (!consentHolds(visit.asks.value, visit.consents.value)) return;
      returning.value = true;
      visit.wait();
    },
    rejoin: () => void open(),
  };
}
