/** The page of a network check: for whoever looks after a network, or was asked to try from it. */
import type { WaysCheck } from '@bedside/client/ways';
import { verdictOf } from '@bedside/client/ways';
import { useEffect } from 'preact/hooks';
import { waysText } from '../i18n/parts';
import type { Clinic } from '../patient/clinic';
import { Shell } from '../patient/Shell';
import { Banner, Button, IconRefresh, useValue } from '../ui';
import { WaysAdvice, WaysList } from './WaysList';

export interface NetCheckProps {
  clinic: Clinic;
  /** Null when the address has no key. */
  check: WaysCheck | null;
}

export function NetCheck({ clinic, check }: NetCheckProps) {
  const t = waysText.t;
  useEffect(() => {
    document.title = t.title;
  }, [t]);
  if (check === null) {
    return (
      <Shell clinic={clinic} title={t.noKeyTitle}>
        <p>{t.noKey}</p>
      </Shell>
    );
  }
  return <Running clinic={clinic} check={check} />;
}

function Running({ clinic, check }: { clinic: Clinic; check: WaysCheck }) {
  const t = waysText.t;
  const ways = useValue(check.ways);
  const progress = useValue(check.progress);
  const again = (
    <Button kind="primary" scale="large" wide icon={IconRefresh} onClick={() => void check.run()}>
      {t.again}
    </Button>
  );
  switch (progress) {
    case 'waiting':
    case 'running':
      return (
        <Shell clinic={clinic} title={t.running}>
          <p role="status">{t.runningText}</p>
          <WaysList ways={ways} />
        </Shell>
      );
    case 'refused':
      return (
        <Shell clinic={clinic} title={t.refusedTitle}>
          <p>{t.refused}</p>
        </Shell>
      );
    case 'offline':
    case 'busy':
      return (
        <Shell clinic={clinic} title={progress === 'busy' ? t.busyTitle : t.offlineTitle}>
          <Banner tone="warn" live="polite">
            {t[progress]}
          </Banner>
          {again}
        </Shell>
      );
    case 'done': {
      const verdict = verdictOf(ways);
      const shut = ways.some((way) => way.name === 'websocket' && way.state === 'blocked');
      const [title, text, tone] = shut
        ? ([t.shut, t.shutText, 'danger'] as const)
        : verdict === 'media_blocked'
          ? ([t.blocked, t.blockedText, 'danger'] as const)
          : verdict === 'udp_blocked'
            ? ([t.slower, t.slowerText, 'warn'] as const)
            : ([t.good, t.goodText, 'ok'] as const);
      return (
        <Shell clinic={clinic} title={title}>
          <Banner tone={tone} live="polite">
            {text}
          </Banner>
          <WaysList ways={ways} />
          <WaysAdvice ways={ways} />
          {again}
        </Shell>
      );
    }
  }
}
