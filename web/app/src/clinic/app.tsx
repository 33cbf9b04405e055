/** The clinic's page as a whole: signing in, then the desk with its board and its call. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { FunctionComponent } from 'preact';
import {
  bookableClinicians,
  bookVisit,
  invite,
  inviteColleague,
  inviteSyntheticGuest,
  isBedsideError,
  openInEmergency,
  setOutcome,
  visitQuality,
  whoAmI,
  type BoardVisit,
  type EmergencyOpened,
  type Me,
} from '@bedside/client/clinic';
import { announce, Banner, Button, Confirm, IconForward, LiveRegions, toasts, useValue } from '../ui';
import { Board } from './board/Board';
import { ClinicContext, type Clinic } from './board/actions';
import type { RoomProps } from './call/Room';
import { EmergencyDialog } from './board/Emergency';
import { rowId } from './board/VisitRow';
import { Over } from './call/Over';
import { ClockContext, Elapsed, serverClock } from './clock';
import type { Desk, OpenCall } from './desk';
import { ownFactors } from './factors';
import { clinicWords } from './i18n';
import { IdleGuard } from './idle-guard';
import { opensInEmergency, ringsFor, waitingRoom } from './model/board';
import type { Ring } from './ring';
import type { Session } from './session';
import { SignIn } from './sign-in/SignIn';
import { OfficePlace, type LoadedOffice } from './OfficePlace';
import { hasOffice, takeLogWish, usePage, type OfficePage } from './places';
import { nameOf } from './words';

export interface AppProps {
  readonly session: Session;
  /** Made when somebody is in, thrown away when they are out. */
  readonly openDesk: () => Desk;
  readonly ring: Ring;
  /** The call's screen, which is loaded apart. */
  readonly loadRoom: () => Promise<FunctionComponent<RoomProps>>;
  /** The office's pages, which are loaded apart. */
  readonly loadOffice: () => Promise<LoadedOffice>;
}

export function App(props: AppProps) {
  const { session } = props;
  const { stage } = session.state.value;
  return (
    <>
      <LiveRegions />
      {stage.at !== 'in' ? (
        <SignIn session={session} />
      ) : stage.me.role === 'officer' ? (
        <AtOffice me={stage.me} session={session} loadOffice={props.loadOffice} />
      ) : (
        <Workspace {...props} me={stage.me} />
      )}
    </>
  );
}

/** Officers see no visits: no desk is made for them. */
function AtOffice({ me, session, loadOffice }: Pick<AppProps, 'session' | 'loadOffice'> & { readonly me: Me }) {
  const page = usePage();
  useEffect(() => forgetShown, []);
  return (
    <>
      <OfficePlace
        load={loadOffice}
        me={me}
        page={page}
        board={false}
        ring={null}
        inCall={false}
        onSignOut={(everywhere) => void session.out(everywhere ? 'signed_out_everywhere' : 'signed_out')}
        onOver={session.over}
      />
      <IdleGuard inCall={false} onTouch={() => void session.touch()} onOver={() => void session.out('idle')} />
    </>
  );
}

/** Names must not stay behind in what was said or shown last. */
function forgetShown(): void {
  takeLogWish();
  toasts.value = [];
  announce('');
  announce('', 'assertive');
}

/** Opens the desk once per sign-in and closes it with it. */
function Workspace({ openDesk, ...rest }: AppProps & { readonly me: Me }) {
  const [desk, setDesk] = useState<Desk | null>(null);
  useEffect(() => {
    const opened = openDesk();
    setDesk(opened);
    return () => {
      opened.dispose();
      forgetShown();
    };
  }, [openDesk]);
  return desk ? <AtDesk {...rest} desk={desk} /> : null;
}

interface AtDeskProps extends Omit<AppProps, 'openDesk'> {
  readonly me: Me;
  readonly desk: Desk;
}

function AtDesk({ me, session, desk, ring, loadRoom, loadOffice }: AtDeskProps) {
  const { board } = desk;
  const visits = useValue(board.visits);
  const ready = useValue(board.ready);
  const connection = useValue(board.connection);
  const failure = useValue(board.failure);
  const call = desk.call.value;
  const showing = desk.showing.value;
  const Room = useRoom(loadRoom, call?.visit);
  const clock = useMemo(() => serverClock(() => board.clockOffsetMs.value), [board]);
  const [opening, setOpening] = useState<string | null>(null);
  const clinic = useMemo<Clinic>(
    () => ({ me, actions: actionsOf({ me, desk, askEmergency: setOpening }), inVisit: call?.visit ?? null }),
    [me, desk, call?.visit],
  );
  const wanted = usePage();
  const page = hasOffice(me) ? wanted : null;
  const inCall = call !== null && showing === 'call';

  useEffect(() => {
    if (failure?.code === 'not_signed_in') session.over();
  }, [failure, session]);
  useRing(me, desk, ring);
  useTitle(me, visits, inCall, page);
  useEffect(() => {
    // Out of a call one comes to the board.
    if (inCall && page !== null) location.replace('#today');
  }, [inCall, page]);

  const signOut = (everywhere: boolean) => {
    desk.leave();
    void session.out(everywhere ? 'signed_out_everywhere' : 'signed_out');
  };

  const callBar = call ? <CallBar call={call} visits={visits} onBack={() => desk.show('call')} /> : null;
  return (
    <ClockContext.Provider value={clock}>
      <ClinicContext.Provider value={clinic}>
        {page !== null && !inCall ? (
          <OfficePlace
            load={loadOffice}
            me={me}
            page={page}
            board
            ring={ring}
            inCall={call !== null}
            onSignOut={signOut}
            onOver={session.over}
            callBar={callBar}
          />
        ) : call && inCall ? (
          <TheRoom call={call} visits={visits} desk={desk} Room={Room} />
        ) : (
          <Board
            visits={visits}
            ready={ready}
            connection={connection}
            failure={failure}
            highlight={desk.highlight.value}
            ring={ring}
            onSignOut={signOut}
            callBar={callBar}
          />
        )}
        <SwitchQuestion desk={desk} />
        {opening === null ? null : <EmergencyQuestion visit={opening} desk={desk} onClose={() => setOpening(null)} />}
        <IdleGuard inCall={call !== null} onTouch={() => void session.touch()} onOver={() => void session.out('idle')} />
      </ClinicContext.Provider>
    </ClockContext.Provider>
  );
}

interface TheRoomProps {
  readonly call: OpenCall;
  readonly visits: readonly BoardVisit[];
  readonly desk: Desk;
  /** Null while it is being loaded. */
  readonly Room: FunctionComponent<RoomProps> | null;
}

function TheRoom({ call, visits, desk, Room }: TheRoomProps) {
  const toBoard = () => desk.show('board');
  if (!Room) return <Over client={call.client} phase="hello" onBoard={toBoard} />;
  return (
    <Room
      key={call.visit}
      client={call.client}
      visit={visits.find((v) => v.visit === call.visit)}
      visits={visits}
      onBoard={toBoard}
      onLeave={() => desk.leave()}
      onDismiss={() => desk.dismiss()}
    />
  );
}

/** Loads the call's screen while the board is being read; tries again at each call until it is here. */
function useRoom(loadRoom: AppProps['loadRoom'], visit: string | undefined): FunctionComponent<RoomProps> | null {
  const [Room, setRoom] = useState<FunctionComponent<RoomProps> | null>(null);
  useEffect(() => {
    if (Room) return undefined;
    let gone = false;
    loadRoom().then(
      (loaded) => !gone && setRoom(() => loaded),
      // The network broke in between: the next call asks again.
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [Room, loadRoom, visit]);
  return Room;
}

export interface CallBarProps {
  readonly call: OpenCall;
  readonly visits: readonly BoardVisit[];
  readonly onBack: () => void;
}

/** On the board while a call goes on: where one is, for how long, and the way back. */
export function CallBar({ call, visits, onBack }: CallBarProps) {
  const t = clinicWords.t;
  const startedAt = useValue(call.client.startedAt);
  const visit = visits.find((v) => v.visit === call.visit);
  return (
    <section class="clinic-callbar" aria-label={t.call.region}>
      <Banner
        tone="ok"
        actions={
          <Button kind="primary" icon={IconForward} onClick={onBack}>
            {t.call.backToVisit}
          </Button>
        }
      >
        {t.call.barText(visit ? nameOf(visit) : t.visit.unnamed)}
        {startedAt === null ? null : (
          <>
            {' '}
            <Elapsed sinceUs={startedAt} />
          </>
        )}
      </Banner>
    </section>
  );
}

/** Asks before a call is left for another visit. */
function SwitchQuestion({ desk }: { desk: Desk }) {
  const t = clinicWords.t.call;
  const wish = desk.switching.value;
  if (!wish) return null;
  return (
    <Confirm
      open
      title={t.switchTitle(nameOf(wish.to))}
      confirmLabel={t.switchSubmit}
      cancelLabel={t.stay}
      kind="primary"
      onConfirm={() => desk.answerSwitch(true)}
      onCancel={() => desk.answerSwitch(false)}
    >
      <p>{t.switchBody}</p>
    </Confirm>
  );
}

interface EmergencyQuestionProps {
  readonly visit: string;
  readonly desk: Desk;
  readonly onClose: () => void;
}

/** Asks before a restricted visit is opened in an emergency; afterwards one goes on where one was. */
function EmergencyQuestion({ visit, desk, onClose }: EmergencyQuestionProps) {
  const known = useValue(desk.board.visits).find((v) => v.visit === visit);
  const onOpened = (opened: EmergencyOpened) => {
    onClose();
    const call = desk.call.value;
    if (call?.visit === visit && call.client.phase.value === 'refused') {
      desk.dismiss();
      desk.enter(opened.visit);
      return;
    }
    // The button that was pressed is gone: its row takes the reader on.
    requestAnimationFrame(() => document.getElementById(rowId(visit))?.focus());
  };
  return <EmergencyDialog visit={visit} host={known?.host_name ?? ''} onClose={onClose} onOpened={onOpened} />;
}

interface Means {
  readonly me: Me;
  readonly desk: Desk;
  readonly askEmergency: (visit: string) => void;
}

function actionsOf({ me, desk, askEmergency }: Means): Clinic['actions'] {
  /** A refusal because the visit is restricted leads to the question whether this is an emergency. */
  const orAsk = <T,>(visit: string, work: Promise<T>): Promise<T> =>
    work.catch((caught: unknown) => {
      if (isBedsideError(caught) && caught.code === 'emergency_needed' && opensInEmergency(me)) askEmergency(visit);
      throw caught;
    });
  return {
    admit: (visit, seat, enter) => orAsk(visit.visit, desk.admit(visit, seat, enter)),
    enter: (visit) => desk.enter(visit),
    note: (visit, seat, text) => orAsk(visit.visit, desk.board.note(visit.visit, seat.seat, text)),
    clinicians: bookableClinicians,
    book: bookVisit,
    invite: (visit, request) => orAsk(visit, invite(visit, request)),
    inviteColleague: (visit, user) => orAsk(visit, inviteColleague(visit, user)),
    close: (visit, outcome) => orAsk(visit, setOutcome(visit, outcome)),
    quality: (visit) => orAsk(visit, visitQuality(visit)),
    askEmergency,
    emergency: openInEmergency,
    unreviewed: async () => (await whoAmI()).reviews?.open ?? 0,
    synthetic: inviteSyntheticGuest,
    factors: ownFactors,
    reconnect: () => desk.board.reconnectNow(),
  };
}

/** Rings and says who starts to wait and who invites, wherever in the page one is. */
function useRing(me: Me, desk: Desk, ring: Ring): void {
  const { role } = me;
  useEffect(() => {
    ring.prepare();
    const press = () => void ring.allow();
    const once = { once: true, capture: true } as const;
    window.addEventListener('pointerdown', press, once);
    window.addEventListener('keydown', press, once);
    const stop = desk.board.on('waiting', ({ visit, seat }) => {
      if (!ringsFor({ role }, visit)) return;
      ring.ring();
      announce(clinicWords.t.board.started(seat.name), 'assertive');
    });
    const stopInvited = desk.board.on('invited', ({ visit }) => {
      ring.ring();
      announce(clinicWords.t.board.invitedBy(visit.host_name, nameOf(visit)), 'assertive');
    });
    return () => {
      stop();
      stopInvited();
      window.removeEventListener('pointerdown', press, once);
      window.removeEventListener('keydown', press, once);
    };
  }, [role, desk, ring]);
}

/** The tab tells how many wait, never who. */
function useTitle(me: Me, visits: readonly BoardVisit[], inCall: boolean, page: OfficePage | null): void {
  const { tab: t, places } = clinicWords.t;
  const waiting = waitingRoom(visits).filter((w) => ringsFor(me, w.visit)).length;
  useEffect(() => {
    document.title = waiting > 0 ? t.waiting(waiting, me.clinic) : inCall ? t.call(me.clinic) : page ? `${places[page]} · ${me.clinic}` : t.board(me.clinic);
  }, [t, places, waiting, me.clinic, inCall, page]);
}
