/** Where officers are at home: what needs them now, and the way to each page. */
import type { ComponentChildren } from 'preact';
import { clinicWords } from '../clinic/i18n';
import { OFFICE_PAGES, type OfficePage } from '../clinic/places';
import { Badge } from '../ui';
import { useOffice } from './context';
import { Page, Refused, useFetched } from './parts';
import { ofAll } from './system';
import { officeWords, systemWords } from './words';

export function Home() {
  const t = officeWords.t;
  const { api } = useOffice();
  const emergencies = useFetched(api.listEmergencies);
  const toDo = emergencies.value?.unreviewed ?? null;
  const overdue = emergencies.value?.emergencies.some((one) => one.overdue) ?? false;
  // The page itself says what is wrong with the server; a card without a badge serves.
  const state = useFetched(api.readSystem).value;
  const system = state && ofAll(state);
  return (
    <Page title={clinicWords.t.places.home} lead={t.home.lead}>
      <Refused code={emergencies.refused} />
      <ul role="list" class="office-cards">
        {OFFICE_PAGES.map((page) => (
          <li key={page}>
            <Card page={page}>
              {page === 'system' && system ? (
                <p class="clinic-facts">
                  <Badge tone={system.health}>{systemWords.t.inShort(system.toDo)}</Badge>
                </p>
              ) : null}
              {page === 'reviews' && toDo !== null ? (
                <p class="clinic-facts">
                  <Badge tone={toDo > 0 ? 'warn' : 'ok'}>{t.home.toDo(toDo)}</Badge>
                  {overdue ? <Badge tone="danger">{t.reviews.overdue}</Badge> : null}
                </p>
              ) : null}
            </Card>
          </li>
        ))}
      </ul>
    </Page>
  );
}

function Card({ page, children }: { page: OfficePage; children: ComponentChildren }) {
  return (
    <article class="office-card">
      <h2>
        <a href={`#${page}`}>{clinicWords.t.places[page]}</a>
      </h2>
      <p class="clinic-soft">{officeWords.t.home[page]}</p>
      {children}
    </article>
  );
}
