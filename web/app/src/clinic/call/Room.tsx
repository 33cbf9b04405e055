/** The clinician's call: the shared call screen, filled with what only the clinic sees. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { BoardVisit, VisitClient } from '@bedside/client';
import { BarButton, CallScreen, createCallUi, togglePanel, type CallUi } from '../../call';
import { Banner, Button, EmptyState, IconBack, IconCheck, IconPeople, announce, toast, useValue } from '../../ui';
import { deviceText } from '../../i18n/parts';
import { useClinic } from '../board/actions';
import { EmergencyBanner } from '../board/Emergency';
import { InviteSomeone } from '../board/Invite';
import { useDeed } from '../deed';
import { clinicWords } from '../i18n';
import { invitedTo, patientOf, waitingRoom, type Waiter } from '../model/board';
import { nameOf, qualityStep, qualityText } from '../words';
import { EndVisit } from './EndVisit';
import { hurts } from '../model/quality';
import { Layouts, Title, others } from './Header';
import { Over } from './Over';
import { PeoplePanel } from './PeoplePanel';

/** Name of the clinic's panel. */
export const PEOPLE_PANEL = 'people';

export interface RoomProps {
  readonly client: VisitClient;
  /** The visit as the board knows it; absent while the board has not told yet. */
  readonly visit: BoardVisit | undefined;
  /** The whole board: people of other visits may wait. */
  readonly visits: readonly BoardVisit[];
  /** To the board, with the call going on. */
  readonly onBoard: () => void;
  /** Out of the room. */
  readonly onLeave: () => void;
  /** Away from a call that is over for this page. */
  readonly onDismiss: () => void;
  /** State of the screen, when somebody outside sets it. */
  readonly ui?: CallUi;
}

export function Room(props: RoomProps) {
  const { client, onBoard, onDismiss } = props;
  const phase = useValue(client.phase);
  // The client goes in again by itself; whoever was away has to know what the others saw.
  useEffect(() => client.on('hold_expired', () => toast(clinicWords.t.call.holdExpired)), [client]);
  switch (phase) {
    case 'admitted':
    case 'in_call':
      return <InRoom {...props} />;
    case 'taken_over':
    case 'removed':
    case 'refused':
      return <Over client={client} phase={phase} onBoard={onDismiss} />;
    default:
      return <Over client={client} phase={phase} onBoard={onBoard} />;
  }
}

function InRoom({ client, visit, visits, onBoard, onLeave, ui: given }: RoomProps) {
  const t = clinicWords.t;
  const { inVisit } = useClinic();
  const ui = useMemo(() => given ?? createCallUi(), [given]);
  const [inviting, setInviting] = useState(false);
  const waiters = waitingRoom(visits);
  const here = waiters.filter((w) => w.visit.visit === inVisit);
  const name = visit ? nameOf(visit) : t.visit.unnamed;
  const closePanel = () => {
    ui.panel.value = null;
  };

  useEffect(() => client.on('waiting', ({ seat }) => announce(t.call.waitingNow(seat.name), 'assertive')), [client, t]);

  return (
    <>
      <CallScreen
        visit={client}
        ui={ui}
        lead={null}
        header={<Title client={client} name={name} />}
        headerActions={
          <>
            <Layouts ui={ui} />
            <Button kind="quiet" icon={IconBack} aria-label={t.call.backToBoard} onClick={onBoard}>
              <span class="clinic-wide-only">{t.call.backToBoard}</span>
            </Button>
          </>
        }
        leave={<EndVisit client={client} visit={visit} onLeave={onLeave} />}
        notices={
          <section class="c-notices" aria-label={t.call.notices}>
            {visit ? <EmergencyBanner visit={visit} /> : null}
            <DeviceNotice client={client} />
            <QualityNotice client={client} />
            {here.map((waiter) => (
              <AdmitNotice key={waiter.seat.seat} waiter={waiter} />
            ))}
            {invitedTo(visits).map((other) => (
              <InvitedNotice key={other.visit} visit={other} />
            ))}
          </section>
        }
        alone={<Alone visit={visit} waiter={here[0]} />}
        barExtra={
          <BarButton
            icon={IconPeople}
            label={t.call.people}
            expanded={ui.panel.value === PEOPLE_PANEL}
            count={waiters.length}
            countLabel={t.board.waitingCount(waiters.length)}
            onClick={() => togglePanel(ui, PEOPLE_PANEL)}
          />
        }
        panels={{
          [PEOPLE_PANEL]: () => (
            <PeoplePanel client={client} visits={visits} onInvite={() => setInviting(true)} onClose={closePanel} />
          ),
        }}
      />
      {inviting && inVisit !== null ? (
        <InviteSomeone visit={visit ?? { visit: inVisit, host_name: '' }} onClose={() => setInviting(false)} />
      ) : null}
    </>
  );
}

/** One's own microphone or camera does not work: said as long as it is so. */
function DeviceNotice({ client }: { client: VisitClient }) {
  const t = clinicWords.t.call;
  const mic = useValue(client.me.devices.mic);
  const camera = useValue(client.me.devices.camera);
  const broken = mic.state === 'failed' ? 'mic' : camera.state === 'failed' ? 'camera' : null;
  if (broken === null) return null;
  const code = (broken === 'mic' ? mic : camera).code;
  return (
    <Banner
      tone="warn"
      live="polite"
      title={t.fix[broken]}
      actions={
        <Button onClick={() => void client.me.devices.open(broken === 'mic' ? { mic: true, camera: false } : { mic: false, camera: true })}>
          {clinicWords.t.common.tryAgain}
        </Button>
      }
    >
      {code === null ? null : deviceText.t.problems[code].what}
    </Banner>
  );
}

/** The connection that hurts the conversation most, in one sentence. */
function QualityNotice({ client }: { client: VisitClient }) {
  const people = useValue(client.people);
  const worst = others(people)[0];
  if (!worst || !hurts(worst)) return null;
  return (
    <Banner tone="warn" live="polite">
      {[qualityText(worst), qualityStep(worst)].filter(Boolean).join(' ')}
    </Banner>
  );
}

/** Somebody waits for this visit: the door is one press away. */
function AdmitNotice({ waiter }: { waiter: Waiter }) {
  const t = clinicWords.t;
  const { actions } = useClinic();
  const admitting = useDeed();
  const { visit, seat } = waiter;
  return (
    <Banner
      tone="info"
      title={t.call.waitingNow(seat.name)}
      actions={
        visit.may.includes('admit') ? (
          <Button
            kind="primary"
            icon={IconCheck}
            busy={admitting.busy}
            aria-label={t.waiter.admitNamed(seat.name)}
            onClick={() => admitting.run(() => actions.admit(visit, seat, true))}
          >
            {t.waiter.admit}
          </Button>
        ) : null
      }
    >
      {seat.second_device ? t.waiter.secondDevice : null}
    </Banner>
  );
}

/** A colleague asks for help in their visit. Going there asks first, because this call goes on. */
function InvitedNotice({ visit }: { visit: BoardVisit }) {
  const t = clinicWords.t;
  const { actions } = useClinic();
  return (
    <Banner tone="info" actions={<Button onClick={() => actions.enter(visit)}>{t.call.goThere}</Button>}>
      {t.board.invitedBy(visit.host_name, nameOf(visit))}
    </Banner>
  );
}

/** Nobody else is here: who is expected, and where they stand. */
function Alone({ visit, waiter }: { visit: BoardVisit | undefined; waiter: Waiter | undefined }) {
  const t = clinicWords.t.call;
  if (waiter) return <EmptyState title={t.aloneWaiting(waiter.seat.name)}>{t.aloneHint}</EmptyState>;
  const patient = visit && patientOf(visit);
  const ready = patient?.state === 'checking' || patient?.state === 'consenting';
  return (
    <EmptyState title={t.alone}>
      {!patient || visit.hidden ? t.aloneHint : ready ? t.aloneReady(patient.name) : t.aloneExpected(patient.name)}
    </EmptyState>
  );
}
