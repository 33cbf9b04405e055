/** Waiting, levels and steps. */

/** Turns while something runs. Says nothing by itself: the words beside it do. */
export function Spinner() {
  return <span class="ui-spinner" aria-hidden="true" />;
}

export interface StepsProps {
  /** 1 … `of`. */
  step: number;
  of: number;
  /** The words, such as "Step 2 of 4". */
  label: string;
}

/** How far one has come. */
export function Steps({ step, of, label }: StepsProps) {
  return (
    <div class="ui-steps">
      <p class="ui-steps__label">{label}</p>
      <ol role="list" class="ui-steps__dots" aria-hidden="true">
        {Array.from({ length: of }, (_, index) => (
          <li key={index} class={index < step ? 'ui-steps__dot ui-steps__dot--done' : 'ui-steps__dot'} />
        ))}
      </ol>
    </div>
  );
}

export interface MeterProps {
  /** 0 … 1. */
  level: number;
  label: string;
  /** How many bars. */
  bars?: number;
}

/** A level in bars, such as the loudness at a microphone. */
export function Meter({ level, label, bars = 12 }: MeterProps) {
  const lit = Math.round(Math.min(1, Math.max(0, level)) * bars);
  return (
    <div
      class="ui-meter"
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={bars}
      aria-valuenow={lit}
    >
      {Array.from({ length: bars }, (_, index) => (
        <span key={index} class={index < lit ? 'ui-meter__bar ui-meter__bar--lit' : 'ui-meter__bar'} />
      ))}
    </div>
  );
}

/** Holds the place of a line of text that is still loading. `width` is in percent. */
export function Skeleton({ width = 100 }: { width?: number }) {
  return <span class="ui-skeleton" aria-hidden="true" style={{ inlineSize: `${width}%` }} />;
}
