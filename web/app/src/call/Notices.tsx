/** What a person has to know about the call right now: lost, blocked, muted, weak. */
import type { VisitClient } from '@bedside/client';
import { useEffect, useState } from 'preact/hooks';
import { callText, deviceText } from '../i18n/parts';
import { announce, Banner, Button, Spinner, toast, useValue } from '../ui';
import { choosePictures } from './pictures';

/** Lies over the pictures, never over the controls, while the connection is being repaired. */
export function ReconnectOverlay({ visit }: { visit: VisitClient }) {
  const t = callText.t;
  const connection = useValue(visit.connection);
  if (connection === 'online') return null;
  const offline = connection === 'offline';
  return (
    <div class="c-overlay" role="status">
      <div class="c-overlay__box">
        <Spinner />
        <p class="c-overlay__title">{offline ? t.offline : t.reconnecting}</p>
        <p>{offline ? t.offlineText : t.reconnectingText}</p>
        {offline ? (
          <Button kind="primary" onClick={() => visit.reconnectNow()}>
            {t.tryNow}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

/** After a telephone call took the devices: a press brings them back, and counts as a gesture. */
export function InterruptedOverlay({ visit }: { visit: VisitClient }) {
  const t = callText.t;
  const camera = useValue(visit.me.devices.camera);
  const mic = useValue(visit.me.devices.mic);
  if (camera.state !== 'interrupted' && mic.state !== 'interrupted') return null;
  return (
    <div class="c-overlay" role="alert">
      <div class="c-overlay__box">
        <p class="c-overlay__title">{t.interrupted}</p>
        <p>{t.interruptedText}</p>
        <Button
          kind="primary"
          scale="large"
          onClick={() => {
            void visit.me.devices.resume();
            void visit.playSound();
          }}
        >
          {t.interruptedBack}
        </Button>
      </div>
    </div>
  );
}

/** Banners between header and pictures. Each stays until its cause is gone. */
export function CallNotices({ visit }: { visit: VisitClient }) {
  const t = callText.t;
  const sound = useValue(visit.sound);
  const quality = useValue(visit.quality);
  const sharing = useValue(visit.me.screen.on);
  const micOn = useValue(visit.me.mic.on);
  const connection = useValue(visit.connection);
  const pictures = useValue(visit.pictures);
  const [mutedByClinic, setMutedByClinic] = useState(false);
  useEffect(() => visit.on('muted_by_clinic', () => setMutedByClinic(true)), [visit]);
  useEffect(() => {
    if (micOn) setMutedByClinic(false);
  }, [micOn]);

  const weak =
    connection !== 'online' || quality.level === 'good' || quality.level === 'fair'
      ? null
      : quality.level === 'audio_only'
        ? t.audioOnly
        : quality.reasons[0] === 'slow_device'
          ? t.slowDevice
          : t.weak;
  return (
    <div class="c-notices">
      {connection === 'online' ? null : (
        <div class="c-covered">
          <Banner tone="warn">{connection === 'offline' ? t.offlineText : t.reconnecting}</Banner>
        </div>
      )}
      {sound === 'blocked' ? (
        <Banner
          tone="warn"
          live="assertive"
          actions={
            <Button kind="primary" onClick={() => void visit.playSound()}>
              {t.soundPlay}
            </Button>
          }
        >
          {t.soundBlocked}
        </Banner>
      ) : null}
      {mutedByClinic && !micOn ? (
        <Banner
          tone="warn"
          actions={<Button onClick={() => void visit.me.mic.set(true).catch(() => undefined)}>{t.unmute}</Button>}
        >
          {t.mutedByClinic}
        </Banner>
      ) : null}
      {sharing ? (
        <Banner
          actions={<Button onClick={() => void visit.me.screen.set(false).catch(() => undefined)}>{t.shareStop}</Button>}
        >
          {t.sharing}
        </Banner>
      ) : null}
      {pictures === 'none' ? (
        <Banner actions={<Button onClick={() => choosePictures(visit, 'full')}>{t.picturesBack}</Button>}>
          {t.soundOnly}
        </Banner>
      ) : null}
      {weak === null || pictures === 'none' ? null : (
        <Banner tone="warn" live="polite">
          {weak}
        </Banner>
      )}
    </div>
  );
}

/** Says aloud what happens in the call. Put it into the screen once. */
export function useCallAnnouncements(visit: VisitClient, chatOpen: () => boolean): void {
  useEffect(() => {
    const t = () => callText.t.heard;
    const stops = [
      visit.on('joined', ({ person }) => announce(t().joined(person.name))),
      visit.on('left', ({ name }) => announce(t().left(name))),
      visit.on('muted_by_clinic', () => announce(callText.t.mutedByClinic, 'assertive')),
      visit.on('reconnecting', () => announce(t().reconnecting, 'assertive')),
      visit.on('recovered', () => announce(t().recovered, 'assertive')),
      visit.on('fix_needed', ({ code }) => toast(deviceText.t.problems[code].what, 'warn')),
      visit.on('chat', ({ lines }) => {
        // An open chat is a live log and speaks for itself.
        const last = lines.at(-1);
        if (last && !chatOpen()) announce(t().chat(last.name, last.text));
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [visit]);
}
