/**
 * The pages of an open visit, from consent to the goodbye. Owns which page is shown, the ring, and
 * what the tab says. Everything here is one page load: the camera is asked for once.
 */
import type { VisitClient } from '@bedside/client';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { createCallUi } from '../../call';
import { helloText, waitText } from '../../i18n/parts';
import { announce, toast, useValue } from '../../ui';
import { wordsOf } from '../../call/words';
import type { Clinic } from '../clinic';
import { faultOf } from '../faults';
import { FaultPage } from '../FaultPage';
import type { VisitPage } from '../flow';
import type { Ring } from '../ring';
import { Consent } from './Consent';
import { Goodbye } from './Goodbye';
import { PatientCall } from './PatientCall';
import { Closing, Connecting, Expired, Removed, TakenOver } from './Standstill';
import { Waiting } from './Waiting';

export interface VisitPagesProps {
  clinic: Clinic;
  visit: VisitClient;
  ring: Ring;
  /** Which page; the check is not among them, because it comes before this part is loaded. */
  page: Exclude<VisitPage, 'check'>;
  /** This page has checked the devices already. */
  checked: boolean;
  onCheckAgain: () => void;
  /** After the place was given up. */
  onComeBack: () => void;
  /** Opens the same seat anew, after leaving. */
  onRejoin: () => void;
}

/** Shows a notification outside the page, where the browser and the person allow it. */
function notify(text: string): void {
  if (!('Notification' in globalThis) || Notification.permission !== 'granted') return;
  try {
    // No name of anybody: it may stand on a locked screen.
    const shown = new Notification(text, { tag: 'bedside-visit', requireInteraction: true });
    // A press on it brings the visit to the front.
    shown.addEventListener('click', () => {
      window.focus();
      shown.close();
    });
  } catch {
    // Android's browsers want a service worker for it; the ring and the title remain.
  }
}

/**
 * Ring, notification and spoken words when the clinic lets the person in. Returns whether the clinic
 * has put the person back since.
 */
function useAdmission(visit: VisitClient, ring: Ring): boolean {
  const [putBack, setPutBack] = useState(false);
  useEffect(() => {
    const stops = [
      visit.on('admitted', () => {
        setPutBack(false);
        ring.play();
        notify(waitText.t.tabReady);
        announce(waitText.t.ready, 'assertive');
      }),
      visit.on('put_back', () => setPutBack(true)),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [visit, ring]);
  return putBack;
}

/** The tab's title says what happens, for people who look at another tab. */
function useTitle(page: VisitPage): void {
  const t = waitText.t;
  const calm = helloText.t.title;
  useEffect(() => {
    const title = page === 'waiting' ? t.tabWaiting : page === 'bye' ? t.tabOver : calm;
    // Once the person looks at the call, the tab need not shout any more.
    const update = () => {
      document.title = page === 'call' && document.visibilityState === 'hidden' ? t.tabReady : title;
    };
    update();
    document.addEventListener('visibilitychange', update);
    return () => {
      document.removeEventListener('visibilitychange', update);
      document.title = calm;
    };
  }, [page, t, calm]);
}

export function VisitPages({ clinic, visit, ring, page, checked, onCheckAgain, onComeBack, onRejoin }: VisitPagesProps) {
  const failure = useValue(visit.failure);
  const [withdrawn, setWithdrawn] = useState(false);
  const ui = useMemo(() => createCallUi('speaker'), [visit]);
  const putBack = useAdmission(visit, ring);
  useTitle(page);

  useEffect(() => {
    const stops = [
      visit.on('consent_withdrawn', () => setWithdrawn(true)),
      visit.on('error', ({ error }) => {
        const words = wordsOf(error);
        if (words !== null) toast(words, 'warn');
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [visit]);

  useEffect(() => {
    // After a reload the picture in the waiting room shows that the camera still works.
    if (page === 'waiting' && !visit.me.devices.opened) void visit.me.devices.open();
  }, [page, visit]);

  switch (page) {
    case 'connecting':
      return <Connecting clinic={clinic} />;
    case 'consent':
      return (
        <Consent
          clinic={clinic}
          visit={visit}
          withdrawn={withdrawn}
          onGo={() => {
            setWithdrawn(false);
            ring.prime();
          }}
          onBack={onCheckAgain}
        />
      );
    case 'waiting':
      return <Waiting clinic={clinic} visit={visit} ring={ring} putBack={putBack} />;
    case 'call':
      return <PatientCall clinic={clinic} visit={visit} ui={ui} />;
    case 'expired':
      return <Expired clinic={clinic} checked={checked} onComeBack={onComeBack} />;
    case 'taken_over':
      return <TakenOver clinic={clinic} onTakeBack={() => visit.takeBack()} />;
    case 'removed':
      return <Removed clinic={clinic} />;
    case 'bye':
      return <Goodbye clinic={clinic} visit={visit} onBack={onRejoin} />;
    case 'fault':
      return <FaultPage clinic={clinic} fault={faultOf(failure)} busy={false} onRetry={onRejoin} />;
    case 'closing':
      return <Closing clinic={clinic} />;
  }
}
