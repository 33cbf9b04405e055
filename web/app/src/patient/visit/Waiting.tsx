/** The waiting room: an honest place in the queue, word from the clinic, and a promise to ring. */
import type { VisitClient } from '@bedside/client';
import { timestampToDate } from '@bedside/client';
import { useEffect, useState } from 'preact/hooks';
import { SelfPicture } from '../../call/SelfTile';
import { formatTime } from '../../i18n';
import { callText, deviceText, waitText } from '../../i18n/parts';
import { announce, Banner, Button, Confirm, IconBell, IconCheck, IconRefresh, IconSound, Spinner, useValue } from '../../ui';
import type { Clinic } from '../clinic';
import type { Ring } from '../ring';
import { Shell } from '../Shell';

export interface WaitingProps {
  clinic: Clinic;
  visit: VisitClient;
  ring: Ring;
  /** The person was inside already and the clinic put them back. */
  putBack: boolean;
}

function Queue({ visit }: { visit: VisitClient }) {
  const t = waitText.t;
  const waiting = useValue(visit.waiting);
  const identity = useValue(visit.me.identity);
  if (waiting === null || identity === null) return <Spinner />;
  const host = identity.hostName;
  const where = waiting.hostBusy ? t.hostBusy(host) : waiting.hostHere ? t.hostHere(host) : t.hostAway(host);
  return (
    <div role="status" class="p-card p-stack p-queue">
      <p class="p-queue__place">{waiting.ahead === 0 ? t.next : t.ahead(waiting.ahead)}</p>
      <p>{where}</p>
      <p class="p-soft">{t.since(formatTime(timestampToDate(waiting.since)))}</p>
    </div>
  );
}

function Notes({ visit }: { visit: VisitClient }) {
  const t = waitText.t;
  const notes = useValue(visit.notes);
  useEffect(() => visit.on('note', ({ note }) => announce(`${t.notes}: ${note.text}`)), [visit, t]);
  if (notes.length === 0) return null;
  return (
    <section class="p-card p-card--note p-stack">
      <h2>{t.notes}</h2>
      <ul role="list" class="p-stack">
        {notes.map((note) => (
          <li key={note.seq}>
            <p dir="auto" class="p-notes__text">
              {note.text}
            </p>
            <p class="p-soft">{formatTime(timestampToDate(note.at))}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

type NotifyState = 'off' | 'on' | 'blocked' | 'unsupported';

function notifyState(): NotifyState {
  if (!('Notification' in globalThis)) return 'unsupported';
  return Notification.permission === 'granted' ? 'on' : Notification.permission === 'denied' ? 'blocked' : 'off';
}

function Notify() {
  const t = waitText.t;
  const [state, setState] = useState(notifyState);
  if (state === 'unsupported') return null;
  if (state === 'off') {
    return (
      <Button icon={IconBell} onClick={() => void Notification.requestPermission().then(() => setState(notifyState()))}>
        {t.notify}
      </Button>
    );
  }
  return (
    <p class="p-quiet">
      {state === 'on' ? <IconCheck /> : <IconBell />}
      <span>{state === 'on' ? t.notified : t.notifyBlocked}</span>
    </p>
  );
}

/** A device that does not work: why, and the press that tries it again. The place in the queue stays. */
function BrokenDevice({ visit }: { visit: VisitClient }) {
  const { devices } = visit.me;
  const mic = useValue(devices.mic);
  const camera = useValue(devices.camera);
  const broken = [mic, camera].find((device) => device.state === 'failed');
  const asking = mic.state === 'asking' || camera.state === 'asking';
  // The button stays while the browser asks, so that nothing jumps under the finger.
  const [trying, setTrying] = useState(false);
  if (!broken && !(trying && asking)) return null;
  return (
    <div class="p-stack" role="status">
      {broken?.code ? <Banner tone="warn">{deviceText.t.problems[broken.code].what}</Banner> : null}
      <Button
        wide
        icon={IconRefresh}
        busy={asking}
        onClick={() => {
          setTrying(true);
          const again = { mic: mic.state === 'failed', camera: camera.state === 'failed' };
          void devices.open(again).finally(() => setTrying(false));
        }}
      >
        {waitText.t.tryDevices}
      </Button>
    </div>
  );
}

export function Waiting({ clinic, visit, ring, putBack }: WaitingProps) {
  const t = waitText.t;
  const [leaving, setLeaving] = useState(false);
  const connection = useValue(visit.connection);
  useEffect(() => {
    if (connection === 'offline') announce(t.offline, 'assertive');
  }, [connection, t]);
  return (
    <Shell clinic={clinic} title={t.title} step={4}>
      {connection === 'online' ? null : (
        <Banner tone="warn">{connection === 'offline' ? t.offline : t.reconnecting}</Banner>
      )}
      {putBack ? (
        <Banner tone="info" live="assertive">
          {t.putBack}
        </Banner>
      ) : null}
      {ring.silent.value ? (
        <Banner
          tone="warn"
          actions={
            <Button kind="primary" onClick={() => ring.play()}>
              {callText.t.soundPlay}
            </Button>
          }
        >
          {callText.t.soundBlocked}
        </Banner>
      ) : null}
      <Queue visit={visit} />
      <Notes visit={visit} />
      <BrokenDevice visit={visit} />
      <div class="p-wait">
        <div class="p-wait__words">
          <p>{t.ring}</p>
          <div class="p-wait__tools">
            <Button icon={IconSound} onClick={() => ring.play()}>
              {t.tryRing}
            </Button>
            <Notify />
          </div>
        </div>
        <figure class="p-self">
          <SelfPicture devices={visit.me.devices} label={t.you} blank={t.cameraOff} />
        </figure>
      </div>
      <Button kind="quiet" onClick={() => setLeaving(true)}>
        {t.leave}
      </Button>
      <Confirm
        open={leaving}
        title={t.leaveTitle}
        confirmLabel={t.leave}
        cancelLabel={t.stay}
        onCancel={() => setLeaving(false)}
        onConfirm={() => {
          setLeaving(false);
          visit.leave();
        }}
      >
        <p>{t.leaveText}</p>
      </Confirm>
    </Shell>
  );
}
