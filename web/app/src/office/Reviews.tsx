/** The openings of restricted visits in emergencies, and their reviews. */
import { useState } from 'preact/hooks';
import type { Emergencies, Emergency } from '@bedside/client';
import { clinicWords } from '../clinic/i18n';
import { showLog } from '../clinic/places';
import { Badge, Button, EmptyState, toast } from '../ui';
import { useOffice } from './context';
import { Page, WhenHere, useFetched, useGoOn, type GoOn } from './parts';
import { ReviewDialog, type Verdict } from './ReviewDialog';
import { momentText, officeWords } from './words';

export function Reviews() {
  const t = officeWords.t.reviews;
  const { me, api } = useOffice();
  const list = useFetched(api.listEmergencies);
  const goOn = useGoOn();
  const [reviewing, setReviewing] = useState<Emergency | null>(null);

  const saved = (of: Emergency, verdict: Verdict) => {
    setReviewing(null);
    goOn.here();
    toast(t.saved, 'ok');
    const review = { by: me.name, at: Date.now() * 1000, ...verdict };
    if (list.value) list.set(withReview(list.value, { ...of, review, overdue: false }));
  };
  const overtaken = () => {
    setReviewing(null);
    goOn.here();
    toast(t.already, 'warn');
    list.again();
  };

  return (
    <Page title={clinicWords.t.places.reviews} lead={t.lead}>
      <WhenHere of={list}>{({ emergencies }) => <Lists emergencies={emergencies} heading={goOn.ref} onReview={setReviewing} />}</WhenHere>
      {reviewing ? (
        <ReviewDialog
          of={reviewing}
          onClose={() => setReviewing(null)}
          onSaved={(verdict) => saved(reviewing, verdict)}
          onOvertaken={overtaken}
        />
      ) : null}
    </Page>
  );
}

interface ListsProps {
  readonly emergencies: readonly Emergency[];
  readonly heading: GoOn['ref'];
  readonly onReview: (of: Emergency) => void;
}

function Lists({ emergencies, heading, onReview }: ListsProps) {
  const t = officeWords.t.reviews;
  const open = emergencies.filter((one) => one.review === undefined);
  const done = emergencies.filter((one) => one.review !== undefined);
  if (emergencies.length === 0) return <EmptyState title={t.emptyTitle}>{t.emptyBody}</EmptyState>;
  return (
    <>
      <section class="clinic-section" aria-labelledby="to-review">
        <h2 id="to-review" ref={heading} tabIndex={-1}>{t.toDoTitle}</h2>
        {open.length === 0 ? <p class="clinic-hush">{t.allDone}</p> : <List of={open} onReview={onReview} />}
      </section>
      {done.length > 0 ? (
        <section class="clinic-section" aria-labelledby="reviewed">
          <h2 id="reviewed">{t.doneTitle}</h2>
          <List of={done} onReview={onReview} />
        </section>
      ) : null}
    </>
  );
}

function List({ of, onReview }: { of: readonly Emergency[]; onReview: ListsProps['onReview'] }) {
  return (
    <ul role="list" class="office-rows">
      {of.map((one) => (
        <li key={one.id} class="office-row">
          <Opening of={one} onReview={() => onReview(one)} />
        </li>
      ))}
    </ul>
  );
}

function Opening({ of, onReview }: { of: Emergency; onReview: () => void }) {
  const t = officeWords.t.reviews;
  const { review } = of;
  return (
    <>
      <div class="office-row__what">
        <h3 class="office-name">{t.opened(of.person, of.host_name)}</h3>
        <p class="clinic-facts">
          {review ? (
            <Badge tone={review.justified ? 'ok' : 'danger'}>{review.justified ? t.justified : t.notJustified}</Badge>
          ) : (
            <Badge tone={of.overdue ? 'danger' : 'warn'}>{of.overdue ? t.overdue : t.open}</Badge>
          )}
          <span class="clinic-soft clinic-small">{t.span(momentText(of.began_at), momentText(of.ends_at))}</span>
          <span class="clinic-soft clinic-small">{t.booked(momentText(of.scheduled_at))}</span>
        </p>
        <Words label={t.reason}>{of.reason === '' ? t.noReason : of.reason}</Words>
        {review ? (
          <>
            {review.note === '' ? null : <Words label={t.note}>{review.note}</Words>}
            <p class="clinic-soft clinic-small">{t.by(review.by, momentText(review.at))}</p>
          </>
        ) : of.mine ? (
          <p class="clinic-soft clinic-small">{t.mine}</p>
        ) : null}
      </div>
      <div class="office-row__do">
        {review || of.mine ? null : (
          <Button aria-label={t.reviewNamed(of.person, momentText(of.began_at))} onClick={onReview}>
            {t.review}
          </Button>
        )}
        <Button
          kind="quiet"
          aria-label={t.whoLookedNamed(of.host_name, momentText(of.scheduled_at))}
          onClick={() => showLog({ visit: of.visit, called: t.visitOf(of.host_name, momentText(of.scheduled_at)) })}
        >
          {clinicWords.t.places.whoLooked}
        </Button>
      </div>
    </>
  );
}

/** What somebody wrote. */
function Words({ label, children }: { label: string; children: string }) {
  return (
    <p class="office-words">
      <span class="clinic-soft clinic-small">{label}</span>
      <span>{children}</span>
    </p>
  );
}

/** The list with one review more; the row goes to the reviewed ones. */
function withReview(list: Emergencies, reviewed: Emergency): Emergencies {
  return {
    emergencies: list.emergencies.map((one) => (one.id === reviewed.id ? reviewed : one)),
    unreviewed: Math.max(0, list.unreviewed - 1),
  };
}
