/** What is kept: for how long, what the law holds back from deletion, and what one patient may ask for. */
import { useState } from 'preact/hooks';
import type { Hold, Patients as Found, Retention } from '@bedside/client';
import { clinicWords } from '../clinic/i18n';
import { Button } from '../ui';
import { useOffice } from './context';
import { LiftHold } from './PatientDialogs';
import { Page, WhenHere, useFetched, useGoOn } from './parts';
import { Patients } from './Patients';
import { Rules } from './Rules';
import { dayText, officeWords } from './words';

export function Kept() {
  const t = officeWords.t.kept;
  const { api } = useOffice();
  const kept = useFetched(api.readRetention);
  const [found, setFound] = useState<Found | null>(null);
  const lifted = (patient: string) => {
    kept.again();
    // Who was found stays in sight, as they stand now.
    if (found) setFound({ ...found, patients: found.patients.map((one) => (one.id === patient ? { ...one, held: false } : one)) });
  };
  return (
    <Page title={clinicWords.t.places.kept} lead={t.lead}>
      <WhenHere of={kept}>
        {(retention: Retention) => (
          <>
            <Rules retention={retention} onSaved={(rules) => kept.set({ ...retention, rules })} />
            <Holds holds={retention.holds} onLifted={lifted} />
          </>
        )}
      </WhenHere>
      <Patients found={found} onFound={setFound} onHolds={kept.again} />
    </Page>
  );
}

function Holds({ holds, onLifted }: { holds: readonly Hold[]; onLifted: (patient: string) => void }) {
  const t = officeWords.t.kept;
  const goOn = useGoOn();
  const [lifting, setLifting] = useState<Hold | null>(null);
  return (
    <section class="clinic-section" aria-labelledby="holds">
      <h2 id="holds" ref={goOn.ref} tabIndex={-1}>{t.holdsTitle}</h2>
      {holds.length === 0 ? (
        <p class="clinic-hush">{t.noHolds}</p>
      ) : (
        <ul role="list" class="office-rows">
          {holds.map((hold) => (
            <li key={hold.patient} class="office-row">
              <div class="office-row__what">
                <h3 class="office-name">{hold.name || t.nameless}</h3>
                <p class="office-words">{hold.reason}</p>
                <p class="clinic-soft clinic-small">{t.heldBy(hold.placed_by, dayText(hold.placed_at))}</p>
              </div>
              <div class="office-row__do">
                <Button aria-label={t.liftNamed(hold.name || t.nameless)} onClick={() => setLifting(hold)}>
                  {t.lift}
                </Button>
              </div>
            </li>
          ))}
        </ul>
      )}
      {lifting ? (
        <LiftHold
          patient={lifting.patient}
          name={lifting.name || t.nameless}
          onClose={() => setLifting(null)}
          onDone={() => {
            setLifting(null);
            goOn.here();
            onLifted(lifting.patient);
          }}
        />
      ) : null}
    </section>
  );
}
