/** Chooses the page: the way in, then the visit. */
import { useCallback, useEffect } from 'preact/hooks';
import { deviceText, helloText } from '../i18n/parts';
import type { Phase, Value } from '@bedside/client';
import { LiveRegions, useValue } from '../ui';
import { Check, fetchProblem } from './check/Check';
import type { Clinic } from './clinic';
import { FaultPage } from './FaultPage';
import { pageOf } from './flow';
import { Hello } from './Hello';
import { later, Loading } from './later';
import type { PatientState } from './state';

const fetchBirthDate = () => import('./BirthDate').then(({ BirthDate }) => BirthDate);
const BirthDate = later(fetchBirthDate);
const Unsupported = later(async () => {
  const [page] = await Promise.all([import('./Unsupported'), deviceText.load()]);
  return page.Unsupported;
});

/** A failure ahead of need is no news: what is needed is fetched again then. */
function ahead(fetched: Promise<unknown>): void {
  void fetched.catch(() => undefined);
}

export interface AppProps {
  clinic: Clinic;
  state: PatientState;
  /** The whole address of the link as it was opened; `null` when the page came without one. */
  link: string | null;
}

function Pages({ clinic, state, link }: AppProps) {
  const { session, check } = state;
  const entry = session.entry.value;
  const busy = session.busy.value;
  const begin = useCallback(() => void session.begin(), [session]);
  const start = useCallback(() => void session.open(), [session]);

  useEffect(() => {
    // The rest of the page comes while the person reads.
    if (entry.at !== 'hello') return;
    if (entry.look.second_check) ahead(fetchBirthDate());
    ahead(fetchProblem());
    state.prefetch();
  }, [entry, state]);

  if (check.blocker !== null) return <Unsupported clinic={clinic} code={check.blocker} link={link} />;
  switch (entry.at) {
    case 'looking':
      return <Hello clinic={clinic} look={null} busy={false} onStart={start} />;
    case 'hello':
      return <Hello clinic={clinic} look={entry.look} busy={busy} onStart={start} />;
    case 'birth_date':
      return (
        <BirthDate
          clinic={{ ...clinic, name: entry.look.clinic }}
          role={entry.look.role}
          wrong={entry.wrong}
          triesLeft={entry.triesLeft}
          busy={busy}
          onAnswer={(birthDate) => void session.open(birthDate)}
        />
      );
    case 'fault':
      return <FaultPage clinic={clinic} fault={entry.fault} busy={busy} onRetry={begin} />;
    case 'open':
      return <Open clinic={{ ...clinic, name: entry.look?.clinic ?? clinic.name }} state={state} fresh={entry.fresh} />;
  }
}

/** Stand in while the visit is being fetched. */
const BEFORE: Value<Phase> = { value: 'hello', subscribe: () => () => undefined };
const HELD: Value<boolean> = { value: false, subscribe: () => () => undefined };

function Open({ clinic, state, fresh }: { clinic: Clinic; state: PatientState; fresh: boolean }) {
  const opened = state.opened.value;
  const phase = useValue(opened?.visit.phase ?? BEFORE);
  const expired = useValue(opened?.visit.holdExpired ?? HELD) && !state.expirySeen.value;
  const checked = state.report.value !== null;
  const page = pageOf(phase, { fresh, checked, expired, returning: state.returning.value });
  if (page === 'check') {
    return (
      <Check
        clinic={clinic}
        check={state.check}
        answers={state.answers.value}
        onAnswers={(answers) => {
          state.answers.value = answers;
        }}
        onDone={state.finishCheck}
      />
    );
  }
  if (opened === null) return <Loading clinic={clinic} failures={state.fetchFailures.value} />;
  const { VisitPages } = opened.pages;
  return (
    <VisitPages
      clinic={clinic}
      visit={opened.visit}
      ring={opened.ring}
      page={page}
      checked={checked}
      onCheckAgain={state.checkAgain}
      onComeBack={state.comeBack}
      onRejoin={state.rejoin}
    />
  );
}

export function App(props: AppProps) {
  const t = helloText.t;
  useEffect(() => {
    document.title = t.title;
  }, [t]);
  return (
    <>
      <LiveRegions />
      <Pages {...props} />
    </>
  );
}
