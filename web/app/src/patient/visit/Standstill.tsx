/** Pages of a visit that does not go on by itself, or not right now. */
import type { ComponentChildren } from 'preact';
import { helloText, waitText } from '../../i18n/parts';
import { Banner, Button, Spinner } from '../../ui';
import type { Clinic } from '../clinic';
import { CallClinic, Shell } from '../Shell';

/** Waits for the server: a moment, usually. */
export function Connecting({ clinic, children }: { clinic: Clinic; children?: ComponentChildren }) {
  return (
    <Shell clinic={clinic} title={waitText.t.connecting}>
      <p class="p-quiet" role="status">
        <Spinner />
        <span>{helloText.t.loading}</span>
      </p>
      {children}
    </Shell>
  );
}

/** Another device has the seat. */
export function TakenOver({ clinic, onTakeBack }: { clinic: Clinic; onTakeBack: () => void }) {
  const t = waitText.t;
  return (
    <Shell clinic={clinic} title={t.takenTitle}>
      <p>{t.taken}</p>
      <Button kind="primary" scale="large" wide onClick={onTakeBack}>
        {t.takeBack}
      </Button>
    </Shell>
  );
}

/** Away for so long that the place in the call is gone. */
export function Expired({ clinic, checked, onComeBack }: { clinic: Clinic; checked: boolean; onComeBack: () => void }) {
  const t = waitText.t.expired;
  return (
    <Shell clinic={clinic} title={t.title}>
      <Banner tone="info" live="assertive">
        {t.text}
      </Banner>
      <p>{checked ? t.next : t.nextCheck}</p>
      <Button kind="primary" scale="large" wide onClick={onComeBack}>
        {checked ? t.back : t.check}
      </Button>
    </Shell>
  );
}

/** Put out by the clinic. */
export function Removed({ clinic }: { clinic: Clinic }) {
  const t = waitText.t;
  return (
    <Shell clinic={clinic} title={t.removedTitle}>
      <Banner tone="info">{t.removed}</Banner>
      <CallClinic clinic={clinic} />
    </Shell>
  );
}

/** The server went away in an orderly manner and will be back. */
export function Closing({ clinic }: { clinic: Clinic }) {
  const t = waitText.t;
  return (
    <Shell clinic={clinic} title={t.closingTitle}>
      <Banner tone="info">{t.closing}</Banner>
      <p class="p-quiet" role="status">
        <Spinner />
        <span>{helloText.t.loading}</span>
      </p>
      <CallClinic clinic={clinic} />
    </Shell>
  );
}
