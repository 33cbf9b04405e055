/** How the call was for each person: what held them back, charts, and the same as a table. */
import { useState } from 'preact/hooks';
import type { VisitQuality } from '@bedside/client';
import { formatClock } from '../../i18n';
import { clinicWords } from '../i18n';
import { peopleOf, type MinuteRow, type PersonQuality } from '../model/call-quality';
import { roleText } from '../words';
import { Chart } from './Chart';

/** Where the scale of sound ends, and what is always shown of the others. */
const SCORES = [1, 4.5] as const;
const LOSSES = [0, 10] as const;
const TRIPS = [0, 200] as const;
const JITTERS = [0, 60] as const;
const FREEZES = [0, 20] as const;
const HEIGHTS = [0, 720] as const;

export interface PeopleProps {
  readonly quality: VisitQuality;
  /** Whether what folds is open at first. */
  readonly unfolded?: boolean;
}

export function People({ quality, unfolded = false }: PeopleProps) {
  const t = clinicWords.t.callQuality;
  const people = peopleOf(quality);
  if (people.length === 0) return <p class="clinic-hush">{t.empty}</p>;
  return (
    <>
      {people.map((one) => (
        <Person key={one.person.seat} one={one} unfolded={unfolded} />
      ))}
    </>
  );
}

function Person({ one, unfolded }: { one: PersonQuality; unfolded: boolean }) {
  const t = clinicWords.t.callQuality;
  const { person, blame, path, carried } = one;
  const codecs = [t.sound[carried.sound], t.picture[carried.picture]].filter((text) => text !== '').join(' ');
  return (
    <section class="clinic-measured" aria-label={person.name}>
      <h3>
        {person.name} <span class="clinic-soft clinic-small">{roleText(person.role)}</span>
      </h3>
      <p>{blame ? t.blame[blame.what](person.name, Math.ceil(blame.seconds / 60)) : t.fine}</p>
      {path ? <p class="clinic-soft clinic-small">{t.path[path]}</p> : null}
      {codecs === '' ? null : <p class="clinic-soft clinic-small">{codecs}</p>}
      <Chart title={t.score} line={one.score} names={t.scoreNames} range={SCORES} />
      <Chart title={t.loss} line={one.loss} names={t.lossNames} range={LOSSES} />
      <Chart title={t.rtt} line={one.rtt} names={t.rttNames} range={TRIPS} />
      <More one={one} unfolded={unfolded} />
      <details open={unfolded}>
        <summary>{t.asTable}</summary>
        <Table name={person.name} rows={one.rows} />
      </details>
    </section>
  );
}

/** What few ask for. Drawn once it is open: before that, a chart has no width. */
function More({ one, unfolded }: { one: PersonQuality; unfolded: boolean }) {
  const t = clinicWords.t.callQuality;
  const [open, setOpen] = useState(unfolded);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t.more}</summary>
      {open ? (
        <div class="clinic-charts">
          <Chart title={t.jitter} line={one.jitter} names={t.jitterNames} range={JITTERS} />
          <Chart title={t.frozen} line={one.frozen} names={t.frozenNames} range={FREEZES} />
          <Chart title={t.height} line={one.height} names={t.heightNames} range={HEIGHTS} />
        </div>
      ) : null}
    </details>
  );
}

function Table({ name, rows }: { name: string; rows: readonly MinuteRow[] }) {
  const t = clinicWords.t.callQuality;
  const figure = (n: number | null) => (n === null ? '–' : t.number(n));
  return (
    // A wide table scrolls by itself; the keyboard has to reach it for that.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div class="clinic-tablebox" tabIndex={0} role="region" aria-label={t.tableOf(name)}>
      <table class="clinic-table">
        <caption class="ui-hidden">{t.tableOf(name)}</caption>
        <thead>
          <tr>
            {t.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.minute}>
              <th scope="row">{formatClock(row.minute * 60_000)}</th>
              <td>{figure(row.score)}</td>
              <td>{figure(row.upPct)}</td>
              <td>{figure(row.downPct)}</td>
              <td>{figure(row.rttMs)}</td>
              <td>{figure(row.jitterMs)}</td>
              <td>{figure(row.frozenPct)}</td>
              <td>{figure(row.lines)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
