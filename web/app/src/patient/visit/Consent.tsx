/** Consent: one question per purpose, the text beside it, nothing answered in advance. */
import type { ConsentAsk, ConsentNow, Purpose } from '@bedside/client/protocol';
import type { VisitClient } from '@bedside/client';
import { useRef, useState } from 'preact/hooks';
import { languageOf, locale } from '../../i18n';
import { consentText, waitText } from '../../i18n/parts';
import { Badge, Banner, Button, ChoiceField, Confirm, IconWarning, useValue } from '../../ui';
import type { Clinic } from '../clinic';
import { Shell } from '../Shell';

type Version = keyof typeof consentText.t.texts;
type Answer = 'given' | 'refused';

function textOf(version: string): (typeof consentText.t.texts)[Version] | null {
  const { texts } = consentText.t;
  return version in texts ? texts[version as Version] : null;
}

/** What was decided before, if the text is still the same. */
function earlier(ask: ConsentAsk, consents: readonly ConsentNow[]): Answer | null {
  const found = consents.find((one) => one.purpose === ask.purpose && one.text_version === ask.text_version);
  if (!found) return null;
  return found.decision === 'given' ? 'given' : 'refused';
}

export interface ConsentProps {
  clinic: Clinic;
  visit: VisitClient;
  /** The person took their consent back and so came here. */
  withdrawn: boolean;
  /** Called in the press that leads to the waiting room. */
  onGo: () => void;
  onBack: () => void;
}

export function Consent({ clinic, visit, withdrawn, onGo, onBack }: ConsentProps) {
  const t = consentText.t;
  const asks = useValue(visit.asks);
  const consents = useValue(visit.consents);
  const [answers, setAnswers] = useState<Partial<Record<Purpose, Answer>>>({});
  const [tried, setTried] = useState(false);
  const page = useRef<HTMLDivElement>(null);

  const answerTo = (ask: ConsentAsk): Answer | null => answers[ask.purpose] ?? earlier(ask, consents);
  // Nobody can answer a question whose text this page does not have; the visit needs only one.
  const unanswered = asks.find(
    (ask) => answerTo(ask) === null && (ask.required || textOf(ask.text_version) !== null),
  );

  const go = () => {
    setTried(true);
    const first = unanswered ?? asks.find((ask) => ask.required && answerTo(ask) === 'refused');
    if (first) {
      page.current?.querySelector<HTMLElement>(`[data-purpose="${first.purpose}"] input`)?.focus();
      return;
    }
    for (const ask of asks) {
      const answer = answerTo(ask);
      // What holds already is not said twice.
      if (answer !== null && answer !== earlier(ask, consents)) {
        visit.consent(ask.purpose, answer, ask.text_version, languageOf(locale.value));
      }
    }
    onGo();
    visit.wait();
  };

  return (
    <Shell clinic={clinic} title={t.title} step={3}>
      {withdrawn ? <Banner tone="info">{waitText.t.withdrawn}</Banner> : null}
      <p>{t.intro}</p>
      <div ref={page} class="p-stack">
        {asks.map((ask) => {
          const text = textOf(ask.text_version);
          const answer = answerTo(ask);
          return (
            <section key={ask.purpose} class="p-card p-stack" data-purpose={ask.purpose}>
              <div class="p-consent__head">
                <h2>{text?.title ?? ask.purpose}</h2>
                <Badge tone={ask.required ? 'info' : 'plain'}>{ask.required ? t.required : t.optional}</Badge>
              </div>
              {text ? (
                <>
                  <p>{text.short}</p>
                  <details class="p-details">
                    <summary>{t.more}</summary>
                    <div class="p-stack">
                      {text.long.map((paragraph) => (
                        <p key={paragraph}>{paragraph}</p>
                      ))}
                    </div>
                  </details>
                  <ChoiceField<Answer>
                    label={text.title}
                    quietLabel
                    flow="row"
                    value={answer}
                    onValue={(value) => setAnswers({ ...answers, [ask.purpose]: value })}
                    options={[
                      { value: 'given', label: t.yes },
                      { value: 'refused', label: t.no },
                    ]}
                  />
                </>
              ) : (
                <Banner tone="danger">{t.unknown}</Banner>
              )}
              <div role="alert">
                {tried && answer === null && text ? (
                  <p class="ui-field__error">
                    <IconWarning size={1.1} />
                    <span>{t.choose}</span>
                  </p>
                ) : null}
                {answer === 'refused' && ask.required ? <Banner tone="warn">{t.needVisit}</Banner> : null}
              </div>
            </section>
          );
        })}
      </div>
      <div class="p-actions">
        <Button kind="primary" scale="large" wide onClick={go}>
          {t.go}
        </Button>
        <Button scale="large" wide onClick={onBack}>
          {t.back}
        </Button>
      </div>
    </Shell>
  );
}

/** Every consent of this visit, to change it at any time; shown in the settings of the call. */
export function ConsentChoices({ visit }: { visit: VisitClient }) {
  const t = consentText.t;
  const asks = useValue(visit.asks);
  const consents = useValue(visit.consents);
  const [asking, setAsking] = useState<ConsentAsk | null>(null);
  const say = (ask: ConsentAsk, decision: 'given' | 'withdrawn') =>
    visit.consent(ask.purpose, decision, ask.text_version, languageOf(locale.value));
  return (
    <section class="p-stack">
      <h3>{t.choices}</h3>
      {asks.map((ask) => {
        const given = consents.some((one) => one.purpose === ask.purpose && one.decision === 'given');
        return (
          <div key={ask.purpose} class="p-choice">
            <div>
              <p class="p-choice__name">{textOf(ask.text_version)?.title ?? ask.purpose}</p>
              <p>{given ? t.given : t.notGiven}</p>
            </div>
            <Button
              scale="small"
              onClick={() => {
                if (!given) say(ask, 'given');
                else if (ask.required) setAsking(ask);
                else say(ask, 'withdrawn');
              }}
            >
              {given ? t.withdraw : t.give}
              <span class="ui-hidden">: {textOf(ask.text_version)?.title}</span>
            </Button>
          </div>
        );
      })}
      <Confirm
        open={asking !== null}
        title={t.withdrawVisitTitle}
        confirmLabel={t.withdraw}
        cancelLabel={t.withdrawStay}
        onCancel={() => setAsking(null)}
        onConfirm={() => {
          if (asking) say(asking, 'withdrawn');
          setAsking(null);
        }}
      >
        <p>{t.withdrawVisit}</p>
      </Confirm>
    </section>
  );
}
