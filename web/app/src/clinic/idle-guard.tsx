/**
 * Signs out a page that nobody uses, after a warning.
 *
 * Owns the listening for signs of life, in this tab and in the browser's other tabs of the clinic:
 * one sign-in serves them all, so use of one is use of all. The arithmetic is in `model/idle.ts`.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button, Dialog } from '../ui';
import { clinicWords } from './i18n';
import { idleAt, touchDue, type Idle } from './model/idle';

const SIGNS = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const;
const CHANNEL = 'bedside.use';

export interface IdleGuardProps {
  readonly inCall: boolean;
  /** Tells the server that somebody is here. */
  readonly onTouch: () => void;
  readonly onOver: () => void;
}

export function IdleGuard({ inCall, onTouch, onOver }: IdleGuardProps) {
  const [idle, setIdle] = useState<Idle>({ kind: 'active' });
  const latest = useRef({ inCall, onTouch, onOver });
  latest.current = { inCall, onTouch, onOver };
  const lastUse = useRef(Date.now());

  useEffect(() => {
    let touched = Date.now();
    const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL);

    const used = () => {
      const now = Date.now();
      lastUse.current = now;
      if (!touchDue(now, touched)) return;
      touched = now;
      latest.current.onTouch();
      channel?.postMessage('used');
    };
    const look = () => {
      if (latest.current.inCall) used();
      const now = idleAt(Date.now(), lastUse.current, latest.current.inCall);
      setIdle((before) => (before.kind === 'active' && now.kind === 'active' ? before : now));
      if (now.kind === 'over') latest.current.onOver();
    };
    if (channel) {
      channel.onmessage = () => {
        lastUse.current = Date.now();
      };
    }
    const onSign = () => {
      // While the warning stands, only its own button counts: a nudge of the table must not.
      if (idleAt(Date.now(), lastUse.current, false).kind === 'active') used();
    };

    for (const sign of SIGNS) window.addEventListener(sign, onSign, { passive: true, capture: true });
    document.addEventListener('visibilitychange', look);
    const timer = setInterval(look, 1000);
    return () => {
      for (const sign of SIGNS) window.removeEventListener(sign, onSign, { capture: true });
      document.removeEventListener('visibilitychange', look);
      clearInterval(timer);
      channel?.close();
    };
  }, []);

  if (idle.kind !== 'warning') return null;
  return (
    <IdleWarning
      leftMs={idle.leftMs}
      onStay={() => {
        lastUse.current = Date.now();
        setIdle({ kind: 'active' });
        onTouch();
      }}
      onLeave={onOver}
    />
  );
}

export interface IdleWarningProps {
  readonly leftMs: number;
  readonly onStay: () => void;
  readonly onLeave: () => void;
}

/** The last two minutes before the page signs out by itself. */
export function IdleWarning({ leftMs, onStay, onLeave }: IdleWarningProps) {
  const t = clinicWords.t.idle;
  return (
    <Dialog
      open
      onClose={onStay}
      title={t.title}
      closeLabel={t.stay}
      actions={
        <>
          <Button onClick={onLeave}>{t.leave}</Button>
          <Button kind="primary" autofocus onClick={onStay}>
            {t.stay}
          </Button>
        </>
      }
    >
      <p>{t.body(Math.ceil(leftMs / 1000))}</p>
    </Dialog>
  );
}
