/** One visit of the day: when, who, how it stands, the one thing to do next. */
import { useId } from 'preact/hooks';
import type { BoardVisit } from '@bedside/client';
import { timestampToDate } from '@bedside/client/clinic';
import { formatDayTime } from '../../i18n';
import { Badge, Button, IconButton, IconMore, IconShield, Spinner, type BadgeProps } from '../../ui';
import { Elapsed, useServerNow } from '../clock';
import { clinicWords } from '../i18n';
import { hasQuality, isGuest, isInside, isOver, lateByMin, opensInEmergency, outcomesFor, patientOf, standing, type Standing } from '../model/board';
import { hasOffice } from '../places';
import { nameOf, roleText } from '../words';
import { useClinic } from './actions';
import { EmergencyBanner } from './Emergency';

const TONES: Record<Standing, NonNullable<BadgeProps['tone']>> = {
  waiting: 'info',
  in_call: 'ok',
  connection_lost: 'danger',
  getting_ready: 'info',
  late: 'warn',
  expected: 'plain',
  stepped_out: 'warn',
  paused: 'warn',
  ended: 'plain',
  no_show: 'plain',
  failed: 'danger',
};

export interface VisitRowProps {
  readonly visit: BoardVisit;
  /** The one to turn to next. */
  readonly next?: boolean;
  /** A synthetic patient is on the way to it. */
  readonly synthetic?: boolean;
  /** Opens the list of everything else that can be done. */
  readonly onMore: () => void;
}

export function VisitRow({ visit, next = false, synthetic = false, onMore }: VisitRowProps) {
  const t = clinicWords.t;
  const nowUs = useServerNow(15_000);
  const { me } = useClinic();
  const id = useId();
  const name = nameOf(visit);
  const stands = standing(visit, nowUs);
  const others = visit.seats.filter(
    (s) =>
      // Nobody of a hidden visit has a name here.
      !visit.hidden &&
      s.role !== 'host' &&
      s !== patientOf(visit) &&
      s.state !== 'removed' &&
      // Whoever is invited reads that above already.
      !(visit.invited && s.role === 'colleague' && s.name === me.name),
  );
  const over = isOver(visit);
  const locked = visit.hidden && opensInEmergency(me);
  const more = visit.may.includes('invite') || outcomesFor(visit).length > 0 || hasQuality(visit) || hasOffice(me);

  return (
    <article class={`clinic-visit${next ? ' clinic-visit--next' : ''}${over ? ' clinic-visit--over' : ''}`} id={rowId(visit.visit)} tabIndex={-1} aria-labelledby={id}>
      <p class="clinic-visit__when">
        <span class="clinic-visit__time">
          {formatDayTime(timestampToDate(visit.scheduled_at), timestampToDate(nowUs))}
        </span>
        <span class="clinic-soft clinic-small">{t.visit.planned(visit.duration_min)}</span>
      </p>
      <div class="clinic-visit__who">
        <h3 id={id} class="clinic-visit__name">
          {name}
        </h3>
        <p class="clinic-facts">
          <Badge tone={TONES[stands]}>{t.visit.standing[stands]}</Badge>
          <Since visit={visit} stands={stands} nowUs={nowUs} />
          {visit.invited && !over ? <Badge tone="info">{t.visit.invitedYou(visit.host_name)}</Badge> : null}
          {visit.restricted && !visit.hidden ? <Badge>{t.restricted.mark}</Badge> : null}
          {next ? <Badge tone="info">{t.visit.next}</Badge> : null}
        </p>
        {visit.mine || (visit.invited && !over) ? null : <p class="clinic-soft clinic-small">{t.visit.with(visit.host_name)}</p>}
        {others.length > 0 ? (
          <p class="clinic-soft clinic-small">
            {`${t.visit.people}: ${others.map((s) => `${s.name} (${roleText(s.role)})`).join(', ')}`}
          </p>
        ) : null}
        <EmergencyBanner visit={visit} />
        {synthetic ? (
          <p role="status" class="clinic-coming">
            <Spinner /> {t.visit.syntheticComing}
          </p>
        ) : null}
        {visit.note ? <p class="clinic-visit__note">{visit.note}</p> : null}
      </div>
      {over && !hasQuality(visit) && !locked && !hasOffice(me) ? null : (
        <div class="clinic-visit__do">
          {locked ? <Locked visit={visit} /> : over ? null : <NextStep visit={visit} stands={stands} />}
          {more ? (
            <IconButton icon={IconMore} label={t.visit.more(name)} onClick={onMore} />
          ) : null}
        </div>
      )}
    </article>
  );
}

/** Where a visit's row stands in the page, for those who come back to it. */
export function rowId(visit: string): string {
  return `visit-${visit}`;
}

/** A restricted visit of somebody else: shut, but for emergencies. */
function Locked({ visit }: { visit: BoardVisit }) {
  const t = clinicWords.t;
  const { actions, inVisit } = useClinic();
  // Whoever was inside when the access ended stays there.
  if (inVisit === visit.visit) return <Badge tone="ok">{t.visit.inThis}</Badge>;
  return (
    <Button icon={IconShield} aria-label={t.restricted.openNamed(visit.host_name)} onClick={() => actions.askEmergency(visit.visit)}>
      {t.restricted.open}
    </Button>
  );
}

/** How long the state has lasted, where that matters. */
function Since({ visit, stands, nowUs }: { visit: BoardVisit; stands: Standing; nowUs: number }) {
  const t = clinicWords.t;
  const waiting = visit.seats.find((s) => s.state === 'waiting')?.waiting_since;
  if (stands === 'waiting' && waiting !== undefined) {
    return (
      <span class="clinic-soft clinic-small">
        <Elapsed sinceUs={waiting}>{t.visit.waitingFor}</Elapsed>
      </span>
    );
  }
  if (stands === 'in_call' && visit.started_at !== undefined) {
    return (
      <span class="clinic-soft clinic-small">
        <Elapsed sinceUs={visit.started_at}>{t.visit.runningFor}</Elapsed>
      </span>
    );
  }
  if (stands === 'late') return <span class="clinic-soft clinic-small">{t.visit.lateBy(lateByMin(visit, nowUs))}</span>;
  return null;
}

/** The way into the room. Letting in is done in the waiting room above, where the facts stand. */
function NextStep({ visit, stands }: { visit: BoardVisit; stands: Standing }) {
  const t = clinicWords.t;
  const { actions, inVisit } = useClinic();
  if (inVisit === visit.visit) return <Badge tone="ok">{t.visit.inThis}</Badge>;
  if (!visit.may.includes('be_in_room') && !visit.mine && !visit.invited) return null;
  const was = visit.state === 'in_progress' || visit.seats.some((s) => !isGuest(s) && isInside(s));
  const label = !visit.mine ? t.visit.join : was ? t.visit.rejoin : t.visit.open;
  const urgent = stands === 'in_call' || stands === 'connection_lost';
  return (
    <Button kind={visit.invited || (visit.mine && urgent) ? 'primary' : 'secondary'} aria-label={`${label}: ${nameOf(visit)}`} onClick={() => actions.enter(visit)}>
      {label}
    </Button>
  );
}
