/** What the pages of the office have in common: a page, a list that is fetched, a file to keep, a reason. */
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { AnyErrorCode } from '@bedside/client';
import type { OfficeFile } from '@bedside/client/office';
import { useDeed, type Deed } from '../clinic/deed';
import { clinicWords } from '../clinic/i18n';
import type { ReasonFault } from '../clinic/model/reason';
import { errorText } from '../clinic/words';
import { Banner, Button, Skeleton, TextArea, useFocusOn } from '../ui';

export interface PageProps {
  readonly title: string;
  readonly lead?: string;
  /** The one thing to do on this page. */
  readonly action?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** The head of a page and what stands below. Readers start at the heading. */
export function Page({ title, lead, action, children }: PageProps) {
  const heading = useFocusOn<HTMLHeadingElement>('page');
  return (
    <>
      <div class="office-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead ? <p class="clinic-soft">{lead}</p> : null}
        </div>
        {action}
      </div>
      {children}
    </>
  );
}

/** Something fetched when the page opens. */
export interface Fetched<T> {
  /** Null until it has come. Stays while it is fetched again. */
  readonly value: T | null;
  readonly busy: boolean;
  readonly refused: AnyErrorCode | null;
  /** Fetches it again. */
  again(): void;
  /** Puts in what is known to have changed. */
  set(value: T): void;
}

export function useFetched<T>(fetch: () => Promise<T>): Fetched<T> {
  const [value, setValue] = useState<T | null>(null);
  const fetching = useDeed();
  const again = () => fetching.run(fetch, setValue);
  useEffect(again, []);
  return { value, busy: fetching.busy, refused: fetching.refused, again, set: setValue };
}

export interface WhenHereProps<T> {
  readonly of: Fetched<T>;
  readonly children: (value: T) => ComponentChildren;
}

/** Holds the place of what is on its way; says what was refused, with a way to try again. */
export function WhenHere<T>({ of, children }: WhenHereProps<T>) {
  const t = clinicWords.t.common;
  return (
    <>
      {of.refused ? (
        <Banner tone="danger" live="assertive" actions={<Button busy={of.busy} onClick={of.again}>{t.tryAgain}</Button>}>
          {errorText(of.refused)}
        </Banner>
      ) : null}
      {of.value !== null ? (
        children(of.value)
      ) : of.refused ? null : (
        <div class="office-rows" role="status" aria-label={t.loading}>
          {[58, 44, 52].map((width) => (
            <div key={width} class="office-row">
              <div class="clinic-stack">
                <Skeleton width={width} />
                <Skeleton width={30} />
              </div>
            </div>
          ))}
        </div>
      )}
    </>
  );
}

/** What was refused, where a form or a question stands. */
export function Refused({ code }: { code: AnyErrorCode | null }) {
  return code === null ? null : (
    <Banner tone="danger" live="assertive">
      {errorText(code)}
    </Banner>
  );
}

export interface RefusedForProps {
  readonly deed: Deed;
  /** Fields that say for themselves what is wrong with them. */
  readonly fields?: readonly string[];
  /** Better words for some codes here. */
  readonly words?: Partial<Record<AnyErrorCode, string>>;
}

/** What a deed was refused for, unless a field says it. */
export function RefusedFor({ deed, fields = [], words = {} }: RefusedForProps) {
  if (deed.refused === null || (deed.field !== null && fields.includes(deed.field))) return null;
  const better = words[deed.refused];
  return better === undefined ? (
    <Refused code={deed.refused} />
  ) : (
    <Banner tone="danger" live="assertive">
      {better}
    </Banner>
  );
}

export interface ReasonProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly onValue: (text: string) => void;
  readonly fault: ReasonFault | null;
  readonly autofocus?: boolean;
}

/** A reason in somebody's own words. */
export function Reason({ label, hint, value, onValue, fault, autofocus = false }: ReasonProps) {
  return (
    <TextArea label={label} hint={hint} rows={3} autofocus={autofocus} value={value} onValue={onValue} error={fault ? clinicWords.t.restricted.reasonFault[fault] : undefined} />
  );
}

/** A heading at which the reader goes on. */
export interface GoOn {
  /** For the heading, which needs `tabIndex={-1}`. */
  readonly ref: RefObject<HTMLHeadingElement | null>;
  /** Takes the reader there with the next drawing: the button that they pressed is gone with what it did. */
  here(): void;
}

export function useGoOn(): GoOn {
  const ref = useRef<HTMLHeadingElement>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (turn > 0) ref.current?.focus();
  }, [turn]);
  return { ref, here: () => setTurn((before) => before + 1) };
}

/** Gives a file to the browser, which puts it where the reader keeps files. Call it after a press. */
export function keepFile({ name, content }: OfficeFile): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Browsers begin to read it some time after the press.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
