/** The frame around every step of signing in: one card, one thing to do. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import { Banner, Toasts } from '../../ui';
import { clinicWords } from '../i18n';
import type { Refusal } from '../model/sign-in';
import { secondsLeft } from '../model/sign-in';
import { Preferences } from '../Preferences';
import { errorText } from '../words';

export interface FrameProps {
  readonly title: string;
  readonly lead?: string;
  /** Starts readers at the heading, for steps that have more to say than one field. */
  readonly focusHeading?: boolean;
  readonly children: ComponentChildren;
}

/** A card in the middle of the page. */
export function Frame({ title, lead, focusHeading = false, children }: FrameProps) {
  const t = clinicWords.t;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (focusHeading) heading.current?.focus();
  }, [focusHeading]);
  useEffect(() => {
    document.title = `${t.tab.signIn} · Bedside`;
  }, [t]);
  return (
    <div class="clinic-door">
      <main class="clinic-door__card">
        <p class="clinic-brand">
          <img src="/icon.svg" alt="" width="28" height="28" />
          Bedside
        </p>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {lead ? <p class="clinic-soft">{lead}</p> : null}
        <Toasts closeLabel={t.common.close} />
        {children}
      </main>
      <footer class="clinic-door__foot">
        <Preferences />
      </footer>
    </div>
  );
}

/** Puts the focus into the first field when the step appears. */
export function useFirstFocus<E extends HTMLElement>(): RefObject<E | null> {
  const ref = useRef<E>(null);
  useEffect(() => ref.current?.focus(), []);
  return ref;
}

/** Whole seconds until a lockout ends, counted down; 0 when there is none. */
export function useLockout(refusal: Refusal | null): number {
  const until = refusal?.untilMs ?? null;
  const [left, setLeft] = useState(() => (until === null ? 0 : secondsLeft(until, performance.now())));
  useEffect(() => {
    if (until === null) {
      setLeft(0);
      return undefined;
    }
    const update = () => setLeft(secondsLeft(until, performance.now()));
    update();
    const timer = setInterval(update, 1000);
    return () => clearInterval(timer);
  }, [until]);
  return left;
}

/** The last refusal in words; a lockout with the time left. */
export function RefusalBanner({ refusal, lockoutS }: { refusal: Refusal | null; lockoutS: number }) {
  if (!refusal) return null;
  if (refusal.untilMs !== null && lockoutS > 0) {
    // Not live: a count-down that is read out every second drowns everything else.
    return <Banner tone="warn">{clinicWords.t.signIn.wait(lockoutS)}</Banner>;
  }
  // The wait is over: nothing stands in the way any more.
  if (refusal.untilMs !== null) return null;
  return (
    <Banner tone="danger" live="assertive">
      {errorText(refusal.code)}
    </Banner>
  );
}
