/** Every screen and state of the clinic's pages, on typed stand-ins. */
import { signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { BedsideError, type BoardVisit, type Invitation, type Me, type VisitClient } from '@bedside/client/clinic';
import type { GalleryArea } from '../../gallery/area';
import { createCallUi, type CallUi, type LayoutMode } from '../call';
import { callText, deviceText } from '../i18n/parts';
import { Confirm } from '../ui';
import { CallBar } from './app';
import { Account } from './board/Account';
import { AddApp } from './board/AddApp';
import { Board, type BoardProps } from './board/Board';
import { CallQuality } from './board/CallQuality';
import { CloseVisit } from './board/CloseVisit';
import { EmergencyDialog } from './board/Emergency';
import { Asked, FreshLink, InviteSomeone, Made } from './board/Invite';
import { InvitationDialog, NewVisit } from './board/NewVisit';
import { ShowAgain } from './board/ShowAgain';
import { VisitMenu } from './board/VisitMenu';
import { VisitRow } from './board/VisitRow';
import { WaiterCard } from './board/WaiterCard';
import { ClinicContext, type ClinicActions } from './board/actions';
import { EndDialog } from './call/EndVisit';
import { PEOPLE_PANEL, Room } from './call/Room';
import './clinic.css';
import { ClockContext } from './clock';
import type { FactorActions } from './factors';
import { clinicWords } from './i18n';
import { UnfoldedQuality } from './gallery-quality';
import { QR, signInScreens } from './gallery-sign-in';
import { IdleWarning } from './idle-guard';
import { waitingRoom } from './model/board';
import { devicesDouble, participant, visitDouble, type VisitDoubleParts } from '../../gallery/doubles';
import { GOOD_CHECK, NOW_US, SILENT_CHECK, VOICE_CHECK, link, me, min, seat, trouble, visit, waitingSeat } from '../../gallery/fixtures';
import { callQuality } from '../../gallery/quality';
import { personPicture } from '../../gallery/pictures';

const nothing = () => {};
const never = () => new Promise<never>(nothing);

// --- The day ---

const ROSA = visit({
  visit: 'rosa',
  state: 'open',
  scheduled_at: NOW_US - min(5),
  seats: [waitingSeat(4.2, { seat: 'rosa', second_device: true })],
  note: 'Wound check after the operation in October.',
  may: visit().may,
});
const JUAN = visit({
  visit: 'juan',
  state: 'open',
  scheduled_at: NOW_US,
  seats: [
    waitingSeat(1.1, { seat: 'juan', name: 'Juan Ignacio Fernández de la Vega', check: VOICE_CHECK, notes: 1 }),
    seat({ seat: 'ines', name: 'Inés Duarte', role: 'interpreter', state: 'checking', online: true }),
  ],
});
const TALKING = visit({
  visit: 'talking',
  state: 'in_progress',
  scheduled_at: NOW_US - min(25),
  started_at: NOW_US - min(12.6),
  seats: [seat({ seat: 'amara', name: 'Amara Nwosu', state: 'in_call', online: true, check: GOOD_CHECK })],
});
const COLLEAGUES = visit({
  visit: 'colleagues',
  mine: false,
  host_name: 'Dr. Lena Vogt',
  state: 'open',
  scheduled_at: NOW_US - min(10),
  seats: [waitingSeat(8, { seat: 'ben', name: 'Ben Carter', online: false, check: SILENT_CHECK })],
  may: ['see_waiting_room', 'message_waiting', 'admit'],
});
const INVITED = visit({
  visit: 'invited',
  mine: false,
  invited: true,
  host_name: 'Dr. Lena Vogt',
  state: 'in_progress',
  scheduled_at: NOW_US - min(20),
  started_at: NOW_US - min(7),
  seats: [
    seat({ seat: 'ada', name: 'Ada Nilsson', state: 'in_call', online: true }),
    seat({ seat: 'imani', name: 'Dr. Imani Okoye', role: 'colleague' }),
  ],
  may: ['be_in_room', 'see_waiting_room'],
});
const HIDDEN = visit({
  visit: 'hidden',
  mine: false,
  host_name: 'Dr. Lena Vogt',
  state: 'open',
  scheduled_at: NOW_US - min(6),
  seats: [waitingSeat(3, { seat: 'nameless', name: '' })],
  may: [],
  restricted: true,
  hidden: true,
});
const OPENED: BoardVisit = {
  ...HIDDEN,
  visit: 'opened',
  seats: [waitingSeat(3, { seat: 'noor', name: 'Noor Haddad' })],
  may: ['be_in_room', 'see_waiting_room', 'message_waiting', 'admit'],
  hidden: false,
  emergency_until: NOW_US + min(42),
};
const OWN_RESTRICTED = visit({ visit: 'own', restricted: true, scheduled_at: NOW_US + min(10), seats: [seat({ name: 'Elif Kaya' })] });
const KNOCKING = waitingSeat(0.5, { seat: 'kwame', name: 'Kwame Nwosu', role: 'family' });
const COMING = [
  visit({ visit: 'late', scheduled_at: NOW_US - min(9), seats: [seat({ seat: 'tom', name: 'Tom Whitfield' })] }),
  visit({ visit: 'soon', scheduled_at: NOW_US + min(15), seats: [seat({ seat: 'yuki', name: 'Yuki Tanaka', state: 'checking', online: true })], state: 'open' }),
  visit({ visit: 'noon', scheduled_at: NOW_US + min(90), duration_min: 45, seats: [seat({ seat: 'fatima', name: 'Fatima Zahra El Amrani' })] }),
];
const OVER = [
  visit({ visit: 'o1', scheduled_at: NOW_US - min(90), state: 'ended', seats: [seat({ name: 'Peter Lindqvist' })] }),
  visit({ visit: 'o2', scheduled_at: NOW_US - min(70), state: 'no_show', seats: [seat({ name: 'Carla Moretti' })] }),
  visit({ visit: 'o3', scheduled_at: NOW_US - min(50), state: 'failed', seats: [seat({ name: 'Samuel Osei' })] }),
];
const DAY: readonly BoardVisit[] = [ROSA, JUAN, COLLEAGUES, ...COMING, ...OVER];

const URL_OF_LINK = 'https://visit.harbour-street.example/v#Z2FsbGVyeS1nYWxsZXJ5LWdhbGxlcnktZ2FsbGVyeQ';
const invitation = (over: Partial<Invitation> = {}): Invitation => ({
  seat: 'rosa',
  url: URL_OF_LINK,
  qr_svg: QR,
  text: `Your video visit with Dr. Imani Okoye, Harbour Street Clinic.\nOpen this link at the time of the visit:\n${URL_OF_LINK}`,
  ics: 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n',
  mailed: false,
  ...over,
});

const CLINICIANS = [
  { id: 'imani', name: 'Dr. Imani Okoye' },
  { id: 'lena', name: 'Dr. Lena Vogt' },
  { id: 'mateo', name: 'Dr. Mateo Fernández de la Vega y Zárate' },
];
const reception = me({ name: 'Sam Reyes', email: 'front@clinic.example', role: 'staff' });

const PASSKEYS = [
  { passkey: 'a', name: 'Work laptop', created_at: NOW_US - min(60 * 24 * 30), last_used_at: NOW_US - min(300) },
  { passkey: 'b', name: 'Blue security key in the drawer of the second office', created_at: NOW_US - min(60 * 24 * 2) },
];

const factors = (passkeys: FactorActions['passkeys']): FactorActions => ({ passkeys, addPasskey: never, removePasskey: never, startApp: never, finishApp: never, showCode: never, showPasskey: never });

const actions: ClinicActions = {
  admit: never,
  enter: nothing,
  note: never,
  clinicians: () => Promise.resolve(CLINICIANS),
  book: never,
  invite: never,
  inviteColleague: never,
  close: never,
  quality: never,
  askEmergency: nothing,
  emergency: never,
  unreviewed: () => Promise.resolve(2),
  synthetic: never,
  factors: factors(() => Promise.resolve({ passkeys: PASSKEYS, app: true, possible: true, most: 10 })),
  reconnect: nothing,
};

interface StandingProps {
  readonly as?: Me;
  readonly inVisit?: string | null;
  readonly over?: Partial<ClinicActions>;
  readonly children: ComponentChildren;
}

function Standing({ as = me(), inVisit = null, over = {}, children }: StandingProps) {
  return (
    <ClockContext.Provider value={stopped}>
      <ClinicContext.Provider value={{ me: as, actions: { ...actions, ...over }, inVisit }}>{children}</ClinicContext.Provider>
    </ClockContext.Provider>
  );
}
const stopped = () => NOW_US;

const ring = (blocked = false) => ({ wanted: signal(true), blocked: signal(blocked), want: nothing, allow: () => Promise.resolve() });

function board(over: Partial<BoardProps> = {}, also: JSX.Element | null = null, as: Me = me()) {
  return (
    <Standing as={as} inVisit={over.callBar ? 'talking' : null}>
      <Board
        visits={DAY}
        ready
        connection="online"
        failure={null}
        highlight={null}
        ring={ring()}
        onSignOut={nothing}
        {...over}
      />
      {also}
    </Standing>
  );
}

function account(passkeys: FactorActions['passkeys']) {
  return (
    <Standing>
      <main class="clinic-main">
        <h1>{clinicWords.t.board.title}</h1>
      </main>
      <Account me={me()} ring={ring()} factors={factors(passkeys)} unreviewed={never} inCall={false} onClose={nothing} onSignOut={nothing} />
    </Standing>
  );
}

/** A part of the account's dialog by itself, as it stands after a press. */
function partOfAccount(part: ComponentChildren) {
  return (
    <Standing>
      <main class="clinic-main">
        <h1>{clinicWords.t.passkeys.title}</h1>
        {part}
      </main>
    </Standing>
  );
}

function qualityOf(over: Partial<ClinicActions>, dialog = <CallQuality visit={ROSA} onClose={nothing} />) {
  return (
    <Standing over={over}>
      <main class="clinic-main">
        <h1>{clinicWords.t.board.title}</h1>
      </main>
      {dialog}
    </Standing>
  );
}

// --- The call ---

const doctor = participant({ seat: 'me', name: 'Dr. Imani Okoye', role: 'host', me: true });
const amara = participant({ seat: 'amara', name: 'Amara Nwosu', link: link({ seat: 'amara' }), speaking: true });
const ines = participant({ seat: 'ines', name: 'Inés Duarte', role: 'interpreter', link: link({ seat: 'ines', level: 'fair', rtt_ms: 450 }), trouble: trouble({ from: 'amara', to: 'ines', code: 'downlink_delay', subject: 'receiver', figure: { unit: 'ms', value: 450 } }), mic: false });
const kwame = participant({ seat: 'kwame', name: 'Kwame Nwosu', role: 'family', camera: false, state: 'away' });
const loss = trouble({ from: 'amara', figure: { unit: 'percent', value: 8 }, severe: true });
const weak = { ...amara, link: link({ seat: 'amara', level: 'fair', uplink_loss_pct: 8 }), trouble: loss };

/** Shows drawn people instead of cameras. */
const attach: VisitClient['attach'] = (element, of) => {
  element.srcObject = personPicture(of);
  return () => {
    element.srcObject = null;
  };
};

interface CallParts extends VisitDoubleParts {
  readonly mode?: LayoutMode;
  readonly panel?: string;
  readonly of?: BoardVisit;
  readonly visits?: readonly BoardVisit[];
}

function ui(mode: LayoutMode, panel: string | undefined): CallUi {
  const made = createCallUi(mode);
  made.panel.value = panel ?? null;
  return made;
}

function call({ mode = 'speaker', panel, of = TALKING, visits = [TALKING, ...DAY], ...parts }: CallParts = {}, also: JSX.Element | null = null) {
  const withTracks = (parts.people ?? [doctor, amara]).map((person) =>
    participant({ ...person, tracks: { mic: null, camera: person.camera ? picture(person.seat) : null, screen: null } }),
  );
  const client = visitDouble({
    startedAt: NOW_US - min(12.6),
    attach,
    ...parts,
    people: withTracks,
    devices: parts.devices ?? devicesDouble({ camera: { track: picture('me') } }),
  });
  return (
    <Standing inVisit={of.visit}>
      <Room client={client} visit={of} visits={visits} onBoard={nothing} onLeave={nothing} onDismiss={nothing} ui={ui(mode, panel)} />
      {also}
    </Standing>
  );
}

function picture(of: string): MediaStreamTrack | null {
  return personPicture(of)?.getVideoTracks()[0] ?? null;
}

const firstWaiter = () => waitingRoom([JUAN])[0];

/** Everything, by name. */
const screens: GalleryArea['screens'] = {
  ...signInScreens,

  'board': () => board(),
  'board-invited': () => board({ visits: [INVITED, ...COMING, ...OVER] }),
  'board-only-invited': () => board({ visits: [INVITED] }),
  'board-reception': () => board({ visits: DAY.map((one) => ({ ...one, mine: false })) }, null, reception),
  'board-restricted': () => board({ visits: [HIDDEN, OPENED, OWN_RESTRICTED, ...OVER] }),
  'board-restricted-reception': () => board({ visits: [HIDDEN, ...COMING] }, null, reception),
  'emergency': () => board({ visits: [HIDDEN] }, <EmergencyDialog visit="hidden" host="Dr. Lena Vogt" onClose={nothing} onOpened={nothing} />),
  'board-empty': () => board({ visits: [] }),
  'board-nobody-waits': () => board({ visits: [...COMING, ...OVER], highlight: 'soon' }),
  'board-all-done': () => board({ visits: OVER }),
  'board-loading': () => board({ visits: [], ready: false }),
  'board-offline': () => board({ connection: 'offline' }),
  'board-refused': () => board({ failure: new BedsideError('not_allowed') }),
  'board-ring-blocked': () => board({ visits: COMING, ring: ring(true) }),
  'board-in-call': () =>
    board({
      visits: [TALKING, ...DAY],
      callBar: (
        <CallBar
          call={{ visit: 'talking', client: visitDouble({ startedAt: NOW_US - min(12.6) }) }}
          visits={[TALKING]}
          onBack={nothing}
        />
      ),
    }),
  'call-quality': () => qualityOf({ quality: () => Promise.resolve(callQuality()) }),
  'call-quality-unfolded': () => qualityOf({}, <UnfoldedQuality />),
  'call-quality-empty': () => qualityOf({ quality: () => Promise.resolve({ people: [], stretches: [] }) }),
  'call-quality-loading': () => qualityOf({}),
  'call-quality-refused': () => qualityOf({ quality: () => Promise.reject(new BedsideError('offline')) }),
  'visit-menu-over': () =>
    board(
      {},
      <VisitMenu
        visit={visit({ ...TALKING, state: 'ended' })}
        onClose={nothing}
        onFreshLink={nothing}
        onInvite={nothing}
        onSynthetic={nothing}
        onOutcome={nothing}
        onQuality={nothing}
      />,
      me({ role: 'admin' }),
    ),
  'waiter-message': () => {
    const waiter = firstWaiter();
    return (
      <Standing>
        <main class="clinic-main">
          <h1>{waiter?.seat.name}</h1>
          <h2>{clinicWords.t.board.waitingTitle}</h2>
          {waiter ? <WaiterCard waiter={waiter} startOpen /> : null}
        </main>
      </Standing>
    );
  },
  'board-synthetic': () => (
    <Standing as={me({ demo_guest: true })}>
      <main class="clinic-main">
        <h1>{clinicWords.t.board.title}</h1>
        <h2>{clinicWords.t.board.openTitle}</h2>
        <VisitRow visit={visit({ visit: 'tried' })} synthetic onMore={nothing} />
      </main>
    </Standing>
  ),
  'new-visit': () => board({}, <NewVisit onClose={nothing} onEnter={nothing} onSynthetic={nothing} />),
  'new-visit-reception': () => board({}, <NewVisit onClose={nothing} onEnter={nothing} onSynthetic={nothing} />, reception),
  'new-visit-no-clinicians': () => (
    <Standing as={reception} over={{ clinicians: () => Promise.reject(new BedsideError('offline')) }}>
      <main class="clinic-main">
        <h1>{clinicWords.t.board.title}</h1>
      </main>
      <NewVisit onClose={nothing} onEnter={nothing} onSynthetic={nothing} />
    </Standing>
  ),
  'new-visit-restricted': () =>
    board({}, <NewVisit onClose={nothing} onEnter={nothing} onSynthetic={nothing} start={{ draft: { name: 'Elif Kaya', restricted: true } }} />),
  'new-visit-more': () => board({}, <NewVisit onClose={nothing} onEnter={nothing} onSynthetic={nothing} start={{ unfolded: true }} />),
  'new-visit-faults': () =>
    board(
      {},
      <NewVisit
        onClose={nothing}
        onEnter={nothing}
        onSynthetic={nothing}
        start={{
          draft: { when: 'later', date: '', email: 'rosa@', durationMin: '3' },
          faults: { patient_name: 'name_missing', patient_email: 'email_odd', scheduled_at: 'date_odd', duration_min: 'duration_odd' },
        }}
      />,
    ),
  'invitation': () =>
    board(
      {},
      <InvitationDialog name="Rosa Alvarez" made={{ visit: ROSA, invitation: invitation() }} mailWanted={false} onClose={nothing} onEnter={nothing} onSynthetic={nothing} />,
      me({ demo_guest: true }),
    ),
  'invitation-for-colleague': () =>
    board(
      {},
      <InvitationDialog name="Ben Carter" made={{ visit: { ...COLLEAGUES, state: 'scheduled' }, invitation: invitation() }} mailWanted={false} onClose={nothing} onEnter={nothing} onSynthetic={nothing} />,
      reception,
    ),
  'invitation-mail-failed': () =>
    board({}, <InvitationDialog name="Rosa Alvarez" made={{ visit: ROSA, invitation: invitation() }} mailWanted onClose={nothing} onEnter={nothing} onSynthetic={nothing} />),
  'invitation-mailed': () =>
    board({}, <Made invitation={invitation({ mailed: true })} lead={clinicWords.t.invitation.readyPerson('Inés Duarte')} mailWanted onClose={nothing} />),
  'invite': () => board({}, <InviteSomeone visit={ROSA} onClose={nothing} />),
  'invite-colleague': () => board({}, <InviteSomeone visit={ROSA} onClose={nothing} start={{ role: 'colleague' }} />),
  'invite-colleague-asked': () => board({}, <Asked onClose={nothing} />),
  'fresh-link': () => board({}, <FreshLink visit={ROSA} seat={seat()} onClose={nothing} />),
  'visit-menu': () =>
    board({}, <VisitMenu visit={JUAN} onClose={nothing} onFreshLink={nothing} onInvite={nothing} onSynthetic={nothing} onOutcome={nothing} onQuality={nothing} />, me({ demo_guest: true })),
  'close-visit': () => board({}, <CloseVisit visit={TALKING} onClose={nothing} />),
  'close-visit-came': () => board({}, <CloseVisit visit={ROSA} onClose={nothing} />),
  'account': () =>
    board({}, <Account me={me({ recovery_codes_left: 1, sessions: 2 })} ring={ring()} factors={actions.factors} unreviewed={never} inCall={false} onClose={nothing} onSignOut={nothing} />),
  'account-admin': () =>
    board({}, <Account me={me({ role: 'admin' })} ring={ring()} factors={actions.factors} unreviewed={actions.unreviewed} inCall={false} onClose={nothing} onSignOut={nothing} />),
  'account-no-passkey': () => account(() => Promise.resolve({ passkeys: [], app: true, possible: true, most: 10 })),
  'account-passkeys-elsewhere': () => account(() => Promise.resolve({ passkeys: [], app: false, possible: false, most: 10 })),
  'account-show-again': () =>
    partOfAccount(<ShowAgain all={{ passkeys: PASSKEYS, app: true, possible: true, most: 10 }} actions={factors(never)} onShown={nothing} />),
  'account-show-again-none': () =>
    partOfAccount(<ShowAgain all={{ passkeys: [], app: false, possible: true, most: 10 }} actions={factors(never)} onShown={nothing} />),
  'account-app-setup': () =>
    partOfAccount(
      <AddApp
        all={{ passkeys: PASSKEYS, app: false, possible: true, most: 10 }}
        actions={factors(never)}
        onAdded={nothing}
        begun={{ qr_svg: QR, secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }}
      />,
    ),
  'account-loading': () => account(never),
  'account-offline': () => account(() => Promise.reject(new BedsideError('offline'))),
  'idle-warning': () => board({}, <IdleWarning leftMs={97_000} onStay={nothing} onLeave={nothing} />),

  'call-connecting': () => call({ phase: 'hello', people: [] }),
  'call-alone': () => call({ of: COMING[1] ?? ROSA, people: [doctor], startedAt: null, visits: COMING }),
  'call-alone-waiting': () => call({ of: ROSA, people: [doctor], startedAt: null, visits: DAY }),
  'call': () => call({ visits: [TALKING] }),
  'call-weak': () => call({ people: [doctor, weak] }),
  'call-narrow': () => call({ people: [doctor, { ...amara, narrow: true }], panel: PEOPLE_PANEL }),
  'call-choices': () =>
    call({
      people: [doctor, { ...amara, camera: false, pictures: 'none' }, { ...ines, pictures: 'small' }],
      mode: 'gallery',
      panel: PEOPLE_PANEL,
    }),
  'call-three': () => call({ people: [doctor, amara, ines], mode: 'gallery' }),
  'call-side': () => call({ people: [doctor, amara, ines, kwame], mode: 'side' }),
  'call-people': () => call({ people: [doctor, weak, ines, kwame], panel: PEOPLE_PANEL }),
  'call-waiting': () => {
    const withFamily = { ...TALKING, seats: [...TALKING.seats, KNOCKING] };
    return call({ of: withFamily, visits: [withFamily, ...DAY], panel: PEOPLE_PANEL });
  },
  'call-chat': () =>
    call({
      panel: 'chat',
      chat: [
        { seq: 1, seat: 'amara', name: 'Amara Nwosu', id: 'a', text: 'The dose is on https://example.org/leaflet', at: NOW_US - min(3), mine: false, state: 'sent', error: null },
        { seq: 2, seat: 'me', name: 'Dr. Imani Okoye', id: 'b', text: 'Thank you, I see it.', at: NOW_US - min(2), mine: true, state: 'sent', error: null },
        { seq: null, seat: 'me', name: 'Dr. Imani Okoye', id: 'c', text: 'Twice a day is right.', at: NOW_US, mine: true, state: 'failed', error: 'offline' },
      ],
    }),
  'call-knock': () => {
    const withFamily = { ...TALKING, seats: [...TALKING.seats, KNOCKING] };
    return call({ of: withFamily, visits: [withFamily] });
  },
  'call-invited': () => call({ visits: [TALKING, INVITED] }),
  'call-end': () =>
    call({ visits: [TALKING] }, <EndDialog client={visitDouble()} outcomes={['done', 'failed']} onLeave={nothing} onStay={nothing} />),
  'call-reconnecting': () => call({ connection: 'reconnecting' }),
  'call-no-mic': () => call({ devices: devicesDouble({ mic: { state: 'failed', code: 'in_use' }, camera: { track: picture('me') } }) }),
  'call-taken-over': () => call({ phase: 'taken_over' }),
  'call-removed': () => call({ phase: 'removed' }),
  'call-refused': () => call({ phase: 'refused', failure: new BedsideError('visit_full') }),
  'call-restricted': () => call({ phase: 'refused', failure: new BedsideError('emergency_needed') }),
  'call-opened': () => call({ of: { ...OPENED, state: 'in_progress' } }),
  'call-closing': () => call({ phase: 'closing' }),
  'call-switch': () => {
    const t = clinicWords.t.call;
    return call(
      {},
      <Confirm open title={t.switchTitle('Rosa Alvarez')} confirmLabel={t.switchSubmit} cancelLabel={t.stay} kind="primary" onConfirm={nothing} onCancel={nothing}>
        <p>{t.switchBody}</p>
      </Confirm>,
    );
  },
};

/** Found by the gallery by itself. */
export const gallery: GalleryArea = {
  look: 'clinic',
  load: async () => {
    await Promise.all([clinicWords.load(), callText.load(), deviceText.load()]);
  },
  screens,
};
