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
  // Figures only: to list the openings would be to have looked at them.
  const who = useFetched(api.whoAmI);
  const reviews = who.value?.reviews ?? null;
  // The page itself says what is wrong with the server; a card without a badge serves.
  const state = useFetched(api.readSystem).value;
  const system = state && ofAll(state);
  return (
    <Page title={clinicWords.t.places.home} lead={t.home.lead}>
      <Refused code={who.refused} />
      <ul role="list" class="office-cards">
        {OFFICE_PAGES.map((page) => (
          <li key={page}>
            <Card page={page}>
              {page === 'system' && system ? (
                <p class="clinic-facts">
                  <Badge tone={system.health}>{systemWords.t.inShort(system.toDo)}</Badge>
                </p>
              ) : null}
              {page === 'reviews' && reviews !== null ? (
                <p class="clinic-facts">
                  <Badge tone={reviews.open > 0 ? 'warn' : 'ok'}>{t.home.toDo(reviews.open)}</Badge>
                  {reviews.overdue > 0 ? <Badge tone="danger">{t.reviews.overdue}</Badge> : null}
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
