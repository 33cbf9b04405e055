/** Today: who waits, then the visits of the day, each with the one next step. */
import { useEffect, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import type { BoardSeat, BoardVisit, BedsideErrorShape, Connection } from '@bedside/client';
import { languageOf, locale } from '../../i18n';
import { Banner, Button, EmptyState, IconBell, IconPerson, IconPlus, Skeleton, Toasts } from '../../ui';
import { useServerNow } from '../clock';
import { clinicWords } from '../i18n';
import { invitedTo, theDay, waitingRoom } from '../model/board';
import type { Ring } from '../ring';
import { errorText } from '../words';
import { Account } from './Account';
import { useClinic } from './actions';
import { CallQuality } from './CallQuality';
import { CloseVisit } from './CloseVisit';
import { FreshLink, InviteSomeone } from './Invite';
import { NewVisit } from './NewVisit';
import { useSynthetic, type Synthetic } from './synthetic';
import { VisitMenu } from './VisitMenu';
import { VisitRow } from './VisitRow';
import { WaiterCard } from './WaiterCard';

export interface BoardProps {
  readonly visits: readonly BoardVisit[];
  /** Whether the first list has come. */
  readonly ready: boolean;
  readonly connection: Connection;
  /** Why the board cannot be shown at all. */
  readonly failure: BedsideErrorShape | null;
  /** The visit to turn to next, after one has ended. */
  readonly highlight: string | null;
  readonly ring: Pick<Ring, 'wanted' | 'blocked' | 'want' | 'allow'>;
  readonly onSignOut: (everywhere: boolean) => void;
  /** Stands on top while a call runs: the way back to it. */
  readonly callBar?: ComponentChildren;
}

type Open =
  | { readonly what: 'nothing' | 'new' | 'account' }
  | { readonly what: 'menu' | 'invite' | 'outcome' | 'quality'; readonly visit: string }
  | { readonly what: 'fresh'; readonly visit: string; readonly seat: BoardSeat };

const NOTHING: Open = { what: 'nothing' };

export function Board({ visits, ready, connection, failure, highlight, ring, onSignOut, callBar }: BoardProps) {
  const t = clinicWords.t;
  const { me, inVisit } = useClinic();
  const [open, setOpen] = useState<Open>(NOTHING);
  const waiters = waitingRoom(visits);
  const synthetic = useSynthetic(visits);

  return (
    <div class="clinic-page">
      <a class="clinic-skip" href="#today">
        {t.common.skipToMain}
      </a>
      <header class="clinic-bar">
        <p class="clinic-brand">
          <img src="/icon.svg" alt="" width="28" height="28" />
          <span>{me.clinic}</span>
        </p>
        <div class="clinic-bar__do">
          <Button kind="primary" icon={IconPlus} onClick={() => setOpen({ what: 'new' })}>
            {t.board.newVisit}
          </Button>
          <Button kind="quiet" icon={IconPerson} aria-label={t.me.menu(me.name)} onClick={() => setOpen({ what: 'account' })}>
            <span class="clinic-wide-only">{me.name}</span>
          </Button>
        </div>
      </header>
      {callBar}
      <main id="today" tabIndex={-1} class="clinic-main">
        <div class="clinic-titleline">
          <h1>{t.board.title}</h1>
          <Today />
        </div>
        <Toasts closeLabel={t.common.close} />
        <ConnectionBanner connection={connection} />
        {ring.blocked.value && ring.wanted.value ? (
          <Banner
            tone="info"
            actions={
              <Button icon={IconBell} onClick={() => void ring.allow()}>
                {t.board.allowRing}
              </Button>
            }
          >
            {t.board.ringBlocked}
          </Banner>
        ) : null}
        {failure ? (
          <Banner tone="danger" live="assertive" title={t.board.refused}>
            {errorText(failure.code)}
          </Banner>
        ) : !ready ? (
          <Loading />
        ) : (
          <>
            <Invited visits={invitedTo(visits)} onMore={(visit) => setOpen({ what: 'menu', visit })} />
            <Waiting waiters={waiters} />
            <Day
              visits={visits}
              highlight={highlight}
              coming={synthetic.coming}
              onNew={() => setOpen({ what: 'new' })}
              onMore={(visit) => setOpen({ what: 'menu', visit })}
            />
          </>
        )}
      </main>
      <Opened open={open} setOpen={setOpen} visits={visits} ring={ring} synthetic={synthetic} inCall={inVisit !== null} onSignOut={onSignOut} />
    </div>
  );
}

function Today() {
  const now = useServerNow(60_000);
  const language = languageOf(locale.value);
  const words = new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long' });
  return <p class="clinic-soft">{words.format(new Date(now / 1000))}</p>;
}

function ConnectionBanner({ connection }: { connection: Connection }) {
  const t = clinicWords.t.board.connection;
  const { actions } = useClinic();
  if (connection === 'online') return null;
  return (
    <Banner
      tone="warn"
      live="polite"
      actions={connection === 'offline' ? <Button onClick={actions.reconnect}>{t.retry}</Button> : undefined}
    >
      {t[connection]}
    </Banner>
  );
}

function Waiting({ waiters }: { waiters: ReturnType<typeof waitingRoom> }) {
  const t = clinicWords.t;
  const { me } = useClinic();
  const own = waiters.filter((w) => w.visit.mine);
  const others = waiters.filter((w) => !w.visit.mine);
  return (
    <section class="clinic-section" aria-labelledby="waiting-room">
      <div class="clinic-titleline">
        <h2 id="waiting-room">{t.board.waitingTitle}</h2>
        {waiters.length > 0 ? <p class="clinic-soft">{t.board.waitingCount(waiters.length)}</p> : null}
      </div>
      {waiters.length === 0 ? <p class="clinic-hush">{t.board.waitingEmpty}</p> : null}
      <WaiterList waiters={own} />
      {others.length > 0 ? (
        <>
          {/* Reception has no patients of its own: nothing to tell apart. */}
          {own.length > 0 || me.role !== 'staff' ? <h3 class="clinic-subtitle">{t.board.othersWaiting}</h3> : null}
          <WaiterList waiters={others} />
        </>
      ) : null}
    </section>
  );
}

function WaiterList({ waiters }: { waiters: ReturnType<typeof waitingRoom> }) {
  if (waiters.length === 0) return null;
  return (
    <ul role="list" class="clinic-waiters">
      {waiters.map((waiter) => (
        <li key={waiter.seat.seat}>
          <WaiterCard waiter={waiter} />
        </li>
      ))}
    </ul>
  );
}

/** Colleagues who ask the reader to join: they wait for an answer now. */
function Invited({ visits, onMore }: { visits: readonly BoardVisit[]; onMore: (visit: string) => void }) {
  const t = clinicWords.t;
  if (visits.length === 0) return null;
  return (
    <section class="clinic-section" aria-labelledby="invited">
      <h2 id="invited">{t.board.invitedTitle}</h2>
      <ul role="list" class="clinic-visits">
        {visits.map((visit) => (
          <li key={visit.visit}>
            <VisitRow visit={visit} onMore={() => onMore(visit.visit)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface DayProps {
  readonly visits: readonly BoardVisit[];
  readonly highlight: string | null;
  /** Visits whose synthetic patient is on the way. */
  readonly coming: ReadonlySet<string>;
  readonly onNew: () => void;
  readonly onMore: (visit: string) => void;
}

function Day({ visits, highlight, coming, onNew, onMore }: DayProps) {
  const t = clinicWords.t;
  const invited = new Set(invitedTo(visits));
  const rest = visits.filter((visit) => !invited.has(visit));
  const day = theDay(rest);
  const newVisit = (
    <Button kind="primary" scale="large" icon={IconPlus} onClick={onNew}>
      {t.board.newVisit}
    </Button>
  );
  const rows = (list: readonly BoardVisit[]) => (
    <ul role="list" class="clinic-visits">
      {list.map((visit) => (
        <li key={visit.visit}>
          <VisitRow
            visit={visit}
            next={visit.visit === highlight}
            synthetic={coming.has(visit.visit)}
            onMore={() => onMore(visit.visit)}
          />
        </li>
      ))}
    </ul>
  );
  if (visits.length === 0) {
    return (
      <EmptyState title={t.board.emptyTitle} action={newVisit}>
        {t.board.emptyBody}
      </EmptyState>
    );
  }
  // Being invited is no reason to say that there is nothing to do.
  if (rest.length === 0) return null;
  return (
    <>
      <section class="clinic-section" aria-labelledby="visits">
        <h2 id="visits">{t.board.openTitle}</h2>
        {day.open.length > 0 ? (
          rows(day.open)
        ) : (
          <EmptyState title={t.board.allDoneTitle} action={newVisit}>
            {t.board.allDoneBody}
          </EmptyState>
        )}
      </section>
      {day.over.length > 0 ? (
        <details class="clinic-fold">
          <summary>
            <h2>{t.board.overTitle(day.over.length)}</h2>
          </summary>
          {rows(day.over)}
        </details>
      ) : null}
    </>
  );
}

/** Holds the places of the list, so that nothing jumps when it comes. */
function Loading() {
  const t = clinicWords.t;
  return (
    <div class="clinic-visits" role="status" aria-label={t.common.loading}>
      {[64, 48, 56].map((width) => (
        <div key={width} class="clinic-visit">
          <Skeleton width={80} />
          <div class="clinic-visit__who">
            <Skeleton width={width} />
            <Skeleton width={30} />
          </div>
        </div>
      ))}
    </div>
  );
}

interface OpenedProps {
  readonly open: Open;
  readonly setOpen: (open: Open) => void;
  readonly visits: readonly BoardVisit[];
  readonly ring: BoardProps['ring'];
  readonly synthetic: Synthetic;
  readonly inCall: boolean;
  readonly onSignOut: (everywhere: boolean) => void;
}

/** The dialog that is open, if any. */
function Opened({ open, setOpen, visits, ring, synthetic, inCall, onSignOut }: OpenedProps) {
  const { me, actions } = useClinic();
  const close = () => setOpen(NOTHING);
  const visit = 'visit' in open ? visits.find((v) => v.visit === open.visit) : undefined;
  const lost = 'visit' in open && (!visit || visit.hidden);
  // The visit may leave the board, or be shut, while its dialog is open.
  useEffect(() => {
    if (lost) setOpen(NOTHING);
  }, [lost, setOpen]);

  switch (open.what) {
    case 'nothing':
      return null;
    case 'new':
      return (
        <NewVisit
          onClose={close}
          onEnter={(made) => {
            close();
            actions.enter(made);
          }}
          onSynthetic={(made) => {
            close();
            synthetic.call(made.visit);
          }}
        />
      );
    case 'account':
      return <Account me={me} ring={ring} factors={actions.factors} unreviewed={actions.unreviewed} inCall={inCall} onClose={close} onSignOut={onSignOut} />;
    default:
      if (!visit || lost) return null;
  }
  switch (open.what) {
    case 'menu':
      return (
        <VisitMenu
          visit={visit}
          onClose={close}
          onFreshLink={(seat) => setOpen({ what: 'fresh', visit: visit.visit, seat })}
          onInvite={() => setOpen({ what: 'invite', visit: visit.visit })}
          onSynthetic={() => {
            close();
            synthetic.call(visit.visit);
          }}
          onOutcome={() => setOpen({ what: 'outcome', visit: visit.visit })}
          onQuality={() => setOpen({ what: 'quality', visit: visit.visit })}
        />
      );
    case 'invite':
      return <InviteSomeone visit={visit} onClose={close} />;
    case 'fresh':
      return <FreshLink visit={visit} seat={open.seat} onClose={close} />;
    case 'outcome':
      return <CloseVisit visit={visit} onClose={close} />;
    case 'quality':
      return <CallQuality visit={visit} onClose={close} />;
  }
}
