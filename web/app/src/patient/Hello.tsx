/** The greeting: whose visit, with whom, when; and one button. Nothing is used up before it. */
import type { LinkLook } from '@bedside/client/guest';
import { timestampToDate } from '@bedside/client/guest';
import { formatDayTime, formatTime } from '../i18n';
import { helloText } from '../i18n/parts';
import { Banner, Button, IconLock, Skeleton } from '../ui';
import type { Clinic } from './clinic';
import { Shell } from './Shell';

export interface HelloProps {
  clinic: Clinic;
  /** `null` while it is being fetched. */
  look: LinkLook | null;
  busy: boolean;
  onStart: () => void;
}

export function Hello({ clinic, look, busy, onStart }: HelloProps) {
  const t = helloText.t;
  const role = look?.role;
  return (
    <Shell clinic={{ ...clinic, name: look?.clinic ?? clinic.name }} title={t.hello.title} step={1}>
      <dl class="p-card p-facts" aria-busy={look === null}>
        <dt>{t.hello.with}</dt>
        <dd>{look ? <bdi>{look.host_name}</bdi> : <Skeleton width={60} />}</dd>
        <dt>{t.hello.at}</dt>
        <dd>
          {look ? (
            <time dateTime={timestampToDate(look.scheduled_at).toISOString()}>
              {when(timestampToDate(look.scheduled_at))}
            </time>
          ) : (
            <Skeleton width={40} />
          )}
        </dd>
        <dt>{t.hello.clinic}</dt>
        <dd>{look ? <bdi>{look.clinic}</bdi> : <Skeleton width={70} />}</dd>
      </dl>
      {role === 'family' || role === 'interpreter' ? <p>{t.hello.guest[role]}</p> : null}
      {look?.elsewhere ? <Banner tone="warn">{t.hello.elsewhere}</Banner> : null}
      <Button kind="primary" scale="large" wide busy={busy} disabled={look === null} onClick={onStart}>
        {t.hello.start}
      </Button>
      <p>{t.hello.next}</p>
      <p class="p-quiet">
        <IconLock />
        <span>{t.hello.private}</span>
      </p>
    </Shell>
  );
}

/** The day is always named: a bare time could be tomorrow's. */
function when(at: Date): string {
  const now = new Date();
  const today = at.toDateString() === now.toDateString();
  return today ? helloText.t.hello.today(formatTime(at)) : formatDayTime(at, now);
}
