/** Pages for a visit that cannot be opened: what is so, and what to do now. */
import { useEffect } from 'preact/hooks';
import { helloText } from '../i18n/parts';
import { Banner, Button, IconRefresh } from '../ui';
import type { Clinic } from './clinic';
import type { Fault } from './faults';
import { CallClinic, Shell } from './Shell';

/** How often an unreachable server is asked again, in milliseconds. */
const RETRY_MS = 5000;

export interface FaultPageProps {
  clinic: Clinic;
  fault: Fault;
  busy: boolean;
  onRetry: () => void;
}

function useWords({ kind, retryAfterMs }: Fault): { title: string; text: string } {
  const t = helloText.t.fault;
  switch (kind) {
    case 'dead':
      return { title: t.deadTitle, text: t.dead };
    case 'replaced':
      return { title: t.replacedTitle, text: t.replaced };
    case 'no_link':
      return { title: t.noLinkTitle, text: t.noLink };
    case 'locked':
      return { title: t.lockedTitle, text: t.locked(Math.max(1, Math.ceil((retryAfterMs ?? 60_000) / 60_000))) };
    case 'over':
      return { title: t.overTitle, text: t.over };
    case 'full':
      return { title: t.fullTitle, text: t.full };
    case 'update':
      return { title: t.updateTitle, text: t.update };
    case 'offline':
      return { title: t.offlineTitle, text: t.offline };
    case 'other':
      return { title: t.otherTitle, text: t.other };
  }
}

export function FaultPage({ clinic, fault, busy, onRetry }: FaultPageProps) {
  const t = helloText.t;
  const { title, text } = useWords(fault);
  const waits = fault.kind === 'offline';
  useEffect(() => {
    if (!waits) return;
    const timer = setInterval(onRetry, RETRY_MS);
    addEventListener('online', onRetry);
    return () => {
      clearInterval(timer);
      removeEventListener('online', onRetry);
    };
  }, [waits, onRetry]);
  const retries = fault.kind === 'offline' || fault.kind === 'other' || fault.kind === 'full';
  return (
    <Shell clinic={clinic} title={title}>
      <Banner tone={fault.kind === 'other' ? 'danger' : 'warn'}>{text}</Banner>
      {retries ? (
        <Button kind="primary" scale="large" wide icon={IconRefresh} busy={busy} onClick={onRetry}>
          {t.tryAgain}
        </Button>
      ) : null}
      {fault.kind === 'update' ? (
        <Button kind="primary" scale="large" wide icon={IconRefresh} onClick={() => location.reload()}>
          {t.fault.reload}
        </Button>
      ) : null}
      {retries || fault.kind === 'update' ? null : <CallClinic clinic={clinic} />}
    </Shell>
  );
}
