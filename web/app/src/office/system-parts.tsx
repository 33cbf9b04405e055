/** What the cards about the server are made of: a card, a next step, bars. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { copyText } from '../clinic/copy';
import { Badge, Button, IconCheck, IconCopy, IconWarning } from '../ui';
import { shares, type Health } from './system';
import { systemWords } from './words';

export interface CardProps {
  readonly title: string;
  /** The state in a few words, with its colour and sign. */
  readonly state: string;
  readonly health: Health;
  readonly children: ComponentChildren;
}

/** One part of the server. */
export function Card({ title, state, health, children }: CardProps) {
  const id = useId();
  return (
    <li>
      <article class={`system-card system-card--${health}`} aria-labelledby={id}>
        <h2 id={id} class="office-name">
          {title}
        </h2>
        <p>
          <Badge tone={health}>
            {health === 'ok' ? <IconCheck size={1} /> : health === 'plain' ? null : <IconWarning size={1} />}
            {state}
          </Badge>
        </p>
        {children}
      </article>
    </li>
  );
}

/** Short facts, one below the other; what is not known is left out. */
export function Facts({ of }: { of: readonly (string | null)[] }) {
  return (
    <ul role="list" class="system-facts">
      {of.map((fact) => (fact === null ? null : <li key={fact}>{fact}</li>))}
    </ul>
  );
}

export interface NextStepProps {
  readonly children: string;
  /** What to type on the server, if something. */
  readonly command?: string | null;
}

/** The one thing to do. */
export function NextStep({ children, command = null }: NextStepProps) {
  const t = systemWords.t;
  return (
    <div class="system-step">
      <p>
        <strong>{t.next}:</strong> {children}
      </p>
      {command === null ? null : (
        <>
          <code class="log-code" dir="ltr">
            {command}
          </code>
          <div class="clinic-row">
            <Button scale="small" icon={IconCopy} aria-label={t.copyNamed(command)} onClick={() => void copyText(command)}>
              {t.copy}
            </Button>
          </div>
        </>
      )}
    </div>
  );
}

export interface Bar {
  readonly label: string;
  /** The count in words. */
  readonly says: string;
  readonly count: number;
  readonly look: 'accent' | 'ok' | 'soft' | 'warn';
}

/** Counts of one whole, each with a bar as long as its part. The words say all that the bars show. */
export function Bars({ label, bars }: { label: string; bars: readonly Bar[] }) {
  const parts = shares(bars.map(({ count }) => count));
  return (
    <ul role="list" class="system-bars" aria-label={label}>
      {bars.map((bar, n) => (
        <li key={bar.label}>
          <span class="system-bars__words">
            <span>{bar.label}</span>
            <span class="clinic-soft">{bar.says}</span>
          </span>
          <span class="system-bars__line" aria-hidden="true">
            <span class={`system-bars__part system-bars__part--${bar.look}`} style={{ inlineSize: `${(parts[n] ?? 0) * 100}%` }} />
          </span>
        </li>
      ))}
    </ul>
  );
}
