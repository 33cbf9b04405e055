/** How the server is: what stands well, what does not, and the one thing to do about it. */
import type { SystemState } from '@bedside/client';
import { clinicWords } from '../clinic/i18n';
import { Banner, Button, IconRefresh } from '../ui';
import { useOffice } from './context';
import { Page, WhenHere, useFetched } from './parts';
import { ofAll } from './system';
import { BackupCard, KeysCard, ReportCard, StorageCard } from './SystemCards';
import { LogCard } from './LogCard';
import { momentText, officeWords, systemWords } from './words';

export function System() {
  const t = systemWords.t;
  const { api } = useOffice();
  const system = useFetched(api.readSystem);
  return (
    <Page
      title={clinicWords.t.places.system}
      lead={t.lead}
      action={
        // What is refused has its own way to try again.
        system.value ? (
          <Button icon={IconRefresh} busy={system.busy} onClick={system.again}>
            {t.again}
          </Button>
        ) : null
      }
    >
      <WhenHere of={system}>{(state: SystemState) => <Parts state={state} />}</WhenHere>
    </Page>
  );
}

function Parts({ state }: { state: SystemState }) {
  const t = systemWords.t;
  const { toDo, health } = ofAll(state);
  return (
    <>
      <Banner tone={health} live="polite">
        {`${toDo > 0 ? t.toDo(toDo) : t.allWell} ${t.lookedAt(momentText(state.now))}.`}
      </Banner>
      {state.not_believed.length > 0 ? (
        <Banner tone="danger" title={t.notBelievedTitle}>
          <ul class="clinic-list">
            {state.not_believed.map((one) => (
              <li key={one}>{t.evidence[one]}</li>
            ))}
          </ul>
          <p>{t.notBelieved}</p>
        </Banner>
      ) : null}
      <ul role="list" class="office-cards system-cards">
        <LogCard log={state.log} now={state.now} />
        <KeysCard keys={state.keys} />
        <BackupCard backup={state.backup} now={state.now} />
        <ReportCard report={state.report} now={state.now} />
        <StorageCard state={state} />
      </ul>
      <nav class="clinic-section" aria-labelledby="elsewhere">
        <h2 id="elsewhere">{t.more}</h2>
        <ul role="list" class="office-cards">
          {(['kept', 'people'] as const).map((page) => (
            <li key={page} class="office-card">
              <h3>
                <a href={`#${page}`}>{clinicWords.t.places[page]}</a>
              </h3>
              <p class="clinic-soft">{officeWords.t.home[page]}</p>
            </li>
          ))}
        </ul>
      </nav>
    </>
  );
}
