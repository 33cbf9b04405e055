/** After the visit: what happens next, and one question. */
import type { VisitClient } from '@bedside/client';
import { useState } from 'preact/hooks';
import { waitText } from '../../i18n/parts';
import { Banner, Button, ChoiceField, useValue } from '../../ui';
import type { Clinic } from '../clinic';
import { CallClinic, Shell } from '../Shell';

type Stars = '1' | '2' | '3' | '4' | '5';
const STARS: readonly Stars[] = ['5', '4', '3', '2', '1'];

function Rating({ visit }: { visit: VisitClient }) {
  const t = waitText.t.bye;
  const [stars, setStars] = useState<Stars | null>(null);
  const [state, setState] = useState<'open' | 'sending' | 'sent' | 'failed'>('open');
  if (state === 'sent') {
    return (
      <Banner tone="ok" live="polite">
        {t.thanks}
      </Banner>
    );
  }
  return (
    <section class="p-card p-stack">
      <ChoiceField<Stars>
        label={t.rate}
        value={stars}
        onValue={setStars}
        options={STARS.map((value) => ({ value, label: t.stars[value] }))}
      />
      <div role="alert">{state === 'failed' ? <Banner tone="warn">{t.rateFailed}</Banner> : null}</div>
      <Button
        kind="primary"
        wide
        disabled={stars === null}
        busy={state === 'sending'}
        onClick={() => {
          if (stars === null) return;
          setState('sending');
          visit.rate(Number(stars)).then(
            () => setState('sent'),
            () => setState('failed'),
          );
        }}
      >
        {t.send}
      </Button>
    </section>
  );
}

export interface GoodbyeProps {
  clinic: Clinic;
  visit: VisitClient;
  /** Back in after leaving by oneself. */
  onBack: () => void;
}

export function Goodbye({ clinic, visit, onBack }: GoodbyeProps) {
  const t = waitText.t.bye;
  const reason = useValue(visit.endReason);
  switch (reason) {
    case 'you_left':
      return (
        <Shell clinic={clinic} title={t.left}>
          <p>{t.leftText}</p>
          <Button kind="primary" scale="large" wide onClick={onBack}>
            {t.back}
          </Button>
          <Rating visit={visit} />
        </Shell>
      );
    case 'failed':
      return (
        <Shell clinic={clinic} title={t.failed}>
          <Banner tone="info">{t.failedText}</Banner>
          <CallClinic clinic={clinic} />
          <Rating visit={visit} />
        </Shell>
      );
    case 'no_show':
      return (
        <Shell clinic={clinic} title={t.noShow}>
          <p>{t.noShowText}</p>
          <CallClinic clinic={clinic} />
        </Shell>
      );
    case 'done':
    case null:
      return (
        <Shell clinic={clinic} title={t.done}>
          <p>{t.doneText}</p>
          <Rating visit={visit} />
        </Shell>
      );
  }
}
