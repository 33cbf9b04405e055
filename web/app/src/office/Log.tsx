/** Who did what: the log, narrowed to what somebody wants to know. */
import { useMemo, useState } from 'preact/hooks';
import type { LogState, StaffPerson } from '@bedside/client';
import { clinicWords } from '../clinic/i18n';
import { takeLogWish, type LogWish } from '../clinic/places';
import { Badge, Banner, Button, EmptyState, IconDownload, SelectField, TextField } from '../ui';
import { useOffice } from './context';
import { ALL, byDay, isThrough, isTwisted, lookers, rangeOf, sift, TOPICS, type Reading, type Sieve } from './log';
import { ExportLog } from './ExportLog';
import { LogEntry, type Names } from './LogEntry';
import { Page, WhenHere, useFetched, useGoOn } from './parts';
import { useLog } from './use-log';
import { auditWords, dayText, momentText, weekdayText } from './words';

export function Log() {
  const t = auditWords.t;
  const { api } = useOffice();
  const [wish] = useState(takeLogWish);
  // A visit, or all visits of a patient.
  const [visit, setVisit] = useState(wish?.visit === undefined && wish?.patient === undefined ? null : wish);
  const [person, setPerson] = useState(wish?.person ?? '');
  const [taking, setTaking] = useState(false);
  const [sieve, setSieve] = useState<Sieve>(ALL);
  const whose = useMemo(
    () => ({
      visit: visit?.visit ?? null,
      ...(visit?.patient === undefined ? {} : { patient: visit.patient }),
      person: person || null,
    }),
    [visit, person],
  );
  const people = useFetched(api.listPeople);
  // For the proofs only: the log serves without it.
  const signed = useFetched(api.readSystem).value?.log ?? null;
  const log = useLog(api.searchAudit, whose, sieve);
  const goOn = useGoOn();
  const names: Names = useMemo(() => new Map(people.value?.people.map(({ id, name }) => [id, name])), [people.value]);
  const narrow = (of: LogWish | null) => {
    setVisit(of);
    goOn.here();
  };
  const chosen = person !== '' || sieve !== ALL;

  return (
    <Page
      title={clinicWords.t.places.log}
      lead={t.lead}
      action={
        <Button icon={IconDownload} onClick={() => setTaking(true)}>
          {t.file.open}
        </Button>
      }
    >
      {visit ? (
        <Banner actions={<Button onClick={() => narrow(null)}>{t.showAll}</Button>}>{t.only(visit.called)}</Banner>
      ) : null}
      {people.refused ? (
        <Banner tone="warn" live="polite" actions={<Button busy={people.busy} onClick={people.again}>{clinicWords.t.common.tryAgain}</Button>}>
          {t.namesMissing}
        </Banner>
      ) : null}
      <Choice
        people={people.value?.people ?? []}
        person={person}
        onPerson={setPerson}
        sieve={sieve}
        onSieve={setSieve}
        onReset={
          chosen
            ? () => {
                setPerson('');
                setSieve(ALL);
                goOn.here();
              }
            : null
        }
      />
      {visit && person === '' && log.value ? <Lookers reading={log.value} names={names} /> : null}
      <section class="clinic-section" aria-labelledby="entries">
        <WhenHere of={log}>
          {(reading: Reading) => (
            <Entries
              heading={goOn.ref}
              reading={reading}
              sieve={sieve}
              chosen={chosen || visit !== null}
              busy={log.busy}
              names={names}
              signed={signed}
              onMore={() => log.more(goOn.here)}
              onVisit={visit?.visit !== undefined ? null : (id, called) => narrow({ visit: id, called })}
            />
          )}
        </WhenHere>
      </section>
      {taking ? (
        <ExportLog
          range={rangeOf(whose, sieve)}
          called={[visit?.called, names.get(person)].filter(Boolean).join(', ') || null}
          allKinds={sieve.topic !== 'all'}
          onClose={() => setTaking(false)}
        />
      ) : null}
    </Page>
  );
}

/** The short answer for one visit: who saw it. */
function Lookers({ reading, names }: { readonly reading: Reading; readonly names: Names }) {
  const t = auditWords.t;
  const found = lookers(reading.lines);
  return (
    <section class="clinic-section" aria-labelledby="lookers">
      <h2 id="lookers">{reading.next === null ? t.lookers : t.lookersSoFar}</h2>
      {found.length === 0 ? (
        <p class="clinic-hush">{t.nobodyLooked}</p>
      ) : (
        <ul role="list" class="office-rows">
          {found.map(({ id, times, last_at, emergency }) => (
            <li key={id} class="office-row">
              <span class="office-name">{names.get(id) ?? t.someStaff}</span>
              <span class="clinic-facts">
                {emergency ? <Badge tone="info">{t.emergency}</Badge> : null}
                <span class="clinic-soft clinic-small">{t.times(times, momentText(last_at))}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

interface ChoiceProps {
  readonly people: readonly StaffPerson[];
  readonly person: string;
  readonly onPerson: (id: string) => void;
  readonly sieve: Sieve;
  readonly onSieve: (sieve: Sieve) => void;
  /** Null when nothing is chosen. */
  readonly onReset: (() => void) | null;
}

function Choice({ people, person, onPerson, sieve, onSieve, onReset }: ChoiceProps) {
  const t = auditWords.t;
  return (
    <div class="clinic-stack" role="search" aria-label={clinicWords.t.places.log}>
      <div class="clinic-columns">
        <SelectField
          label={t.who}
          value={person}
          onValue={onPerson}
          options={[{ value: '', label: t.everybody }, ...people.map(({ id, name }) => ({ value: id, label: name }))]}
        />
        <SelectField
          label={t.topic}
          value={sieve.topic}
          // The list holds nothing else.
          onValue={(topic) => onSieve({ ...sieve, topic: topic as Sieve['topic'] })}
          options={(['all', ...TOPICS, 'refused'] as const).map((value) => ({ value, label: t.topics[value] }))}
        />
        <TextField label={t.from} type="date" autocomplete="off" value={sieve.from} onValue={(from) => onSieve({ ...sieve, from })} />
        <TextField
          label={t.to}
          type="date"
          autocomplete="off"
          value={sieve.to}
          onValue={(to) => onSieve({ ...sieve, to })}
          error={isTwisted(sieve) ? t.twisted : undefined}
        />
      </div>
      {onReset ? (
        <div class="clinic-row">
          <Button kind="quiet" onClick={onReset}>
            {t.reset}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

interface EntriesProps {
  readonly heading: ReturnType<typeof useGoOn>['ref'];
  readonly reading: Reading;
  readonly sieve: Sieve;
  /** Something narrows what is shown. */
  readonly chosen: boolean;
  readonly busy: boolean;
  readonly names: Names;
  /** How far the log is signed; null while that is not known. */
  readonly signed: LogState | null;
  readonly onMore: () => void;
  /** Null when the list is of one visit already. */
  readonly onVisit: ((id: string, called: string) => void) | null;
}

function Entries({ heading, reading, sieve, chosen, busy, names, signed, onMore, onVisit }: EntriesProps) {
  const t = auditWords.t;
  const hits = sift(reading.lines, sieve);
  const through = isThrough(reading, sieve);
  const oldest = reading.lines.at(-1);
  const read = reading.lines.length;
  const days = sieve.from !== '' || sieve.to !== '';
  return (
    <>
      <h2 id="entries" ref={heading} tabIndex={-1} class="log-count">
        <span role="status">{t.found(hits.length)}</span>
        {oldest && hits.length < read ? <span class="clinic-soft clinic-small"> {t.readBack(read, dayText(oldest.at))}</span> : null}
      </h2>
      {byDay(hits).map((day) => (
        <section key={day.lines[0]?.place} class="clinic-section">
          <h3>{weekdayText(day.at)}</h3>
          <ol role="list" class="office-rows">
            {day.lines.map((line) => (
              <li key={line.place} class="office-row log-row">
                <LogEntry line={line} names={names} signed={signed} onVisit={onVisit} />
              </li>
            ))}
          </ol>
        </section>
      ))}
      {through ? null : (
        <div class="clinic-row">
          <Button busy={busy} onClick={onMore}>
            {t.more}
          </Button>
        </div>
      )}
      {hits.length > 0 ? (
        through ? <p class="clinic-hush">{days ? t.beginningDays : chosen ? t.all : t.beginning}</p> : null
      ) : read === 0 && !chosen ? (
        <EmptyState title={t.emptyTitle}>{t.emptyBody}</EmptyState>
      ) : (
        <EmptyState title={through ? t.noneTitle : t.noneSoFar}>{!through ? t.noneBody : days ? t.noneInDays : t.noneAtAll}</EmptyState>
      )}
    </>
  );
}
