/** How long each kind of data is kept. What becomes shorter is said before it is saved. */
import { useId, useRef, useState } from 'preact/hooks';
import type { KeptRule, Retention } from '@bedside/client';
import { useDeed } from '../clinic/deed';
import { clinicWords } from '../clinic/i18n';
import { announce, Button, CheckField, Confirm, TextField, toast } from '../ui';
import { useOffice } from './context';
import { Refused } from './parts';
import { MAX_KEPT_DAYS, changesOf, draftOf, goesWithVisit, isOdd, isShorter, ruleOf, type RuleChange, type RuleDraft } from './rules';
import { momentText, officeWords } from './words';

export interface RulesProps {
  readonly retention: Retention;
  readonly onSaved: (rules: KeptRule[]) => void;
  /** The question that stands already. */
  readonly start?: readonly RuleDraft[];
}

export function Rules({ retention, onSaved, start }: RulesProps) {
  const t = officeWords.t.kept;
  const { api } = useOffice();
  const [drafts, setDrafts] = useState<readonly RuleDraft[]>(() => start ?? retention.rules.map(draftOf));
  const [tried, setTried] = useState(false);
  const [asking, setAsking] = useState(start !== undefined);
  const saving = useDeed();
  const box = useRef<HTMLFormElement>(null);

  const set = (changed: RuleDraft) => setDrafts(drafts.map((one) => (one.kind === changed.kind ? changed : one)));
  const send = () =>
    saving.run(
      () => api.setRetention(changesOf(retention.rules, drafts).map(({ kind, now }) => (now === undefined ? { kind } : { kind, days: now }))),
      () => {
        setAsking(false);
        toast(t.saved, 'ok');
        onSaved(drafts.map(ruleOf));
      },
    );
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (drafts.some(isOdd)) {
      requestAnimationFrame(() => box.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus());
      return;
    }
    const changes = changesOf(retention.rules, drafts);
    if (changes.length === 0) announce(t.unchanged);
    else if (changes.some(isShorter)) setAsking(true);
    else send();
  };

  return (
    <section class="clinic-section" aria-labelledby="rules">
      <h2 id="rules">{t.rulesTitle}</h2>
      <p class="clinic-soft">{retention.swept_at === undefined ? t.never : t.swept(momentText(retention.swept_at))}</p>
      <form ref={box} class="clinic-stack" noValidate onSubmit={submit}>
        <ul role="list" class="office-rows">
          {drafts.map((draft) => (
            <li key={draft.kind} class="office-row">
              <Rule draft={draft} set={set} odd={tried && isOdd(draft)} goesWith={goesWithVisit(draft, drafts)} />
            </li>
          ))}
        </ul>
        {asking ? null : <Refused code={saving.refused} />}
        <div class="clinic-row">
          <Button type="submit" kind="primary" busy={saving.busy}>
            {t.save}
          </Button>
        </div>
      </form>
      {asking ? (
        <Confirm
          open
          title={t.askTitle}
          confirmLabel={t.askSubmit}
          cancelLabel={clinicWords.t.common.cancel}
          busy={saving.busy}
          onConfirm={send}
          onCancel={() => setAsking(false)}
        >
          <ul class="clinic-list">
            {changesOf(retention.rules, drafts).map((change) => (
              <li key={change.kind}>{changeText(change)}</li>
            ))}
          </ul>
          <p>{t.askBody}</p>
          <Refused code={saving.refused} />
        </Confirm>
      ) : null}
    </section>
  );
}

interface RuleProps {
  readonly draft: RuleDraft;
  readonly set: (changed: RuleDraft) => void;
  readonly odd: boolean;
  /** Days after which it goes with the whole visit, before its own time. */
  readonly goesWith: number | null;
}

function Rule({ draft, set, odd, goesWith }: RuleProps) {
  const t = officeWords.t.kept;
  const id = useId();
  return (
    <>
      <div class="office-row__what">
        <h3 id={id} class="office-name">
          {t.kinds[draft.kind]}
        </h3>
        <p class="clinic-soft clinic-small">{t.means[draft.kind]}</p>
        {goesWith === null ? null : <p class="clinic-small">{t.goesWith(goesWith)}</p>}
      </div>
      <div class="office-rule" role="group" aria-labelledby={id}>
        <CheckField label={t.forEver} checked={draft.forEver} onChecked={(forEver) => set({ ...draft, forEver })} />
        {draft.forEver ? null : (
          <TextField
            label={t.daysLabel}
            type="number"
            inputMode="numeric"
            min={1}
            max={MAX_KEPT_DAYS}
            value={draft.days}
            onValue={(days) => set({ ...draft, days })}
            error={odd ? t.daysOdd : undefined}
          />
        )}
      </div>
    </>
  );
}

function changeText({ kind, before, now }: RuleChange): string {
  const t = officeWords.t.kept;
  const span = (days: number | undefined) => (days === undefined ? t.longest.toLocaleLowerCase() : t.span(days));
  return t.becomes(t.kinds[kind], span(before), span(now));
}
