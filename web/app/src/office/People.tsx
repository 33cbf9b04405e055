/** The accounts of the clinic. Administrators change them; officers look. */
import { useState } from 'preact/hooks';
import type { ChangePerson, People as PeopleList, PersonLink, StaffPerson } from '@bedside/client';
import { clinicWords } from '../clinic/i18n';
import { showLog } from '../clinic/places';
import { Badge, Button, EmptyState, IconPersonAdd, TextField, toast } from '../ui';
import { AddPerson } from './AddPerson';
import { PersonDialog } from './PersonDialog';
import { LinkDialog } from './LinkDialog';
import { useOffice } from './context';
import { Page, WhenHere, useFetched } from './parts';
import { officeWords } from './words';

/** From this many accounts on, a field finds them. */
const MANY = 8;

type Open =
  | { readonly what: 'nothing' | 'add' }
  | { readonly what: 'change'; readonly person: StaffPerson }
  | { readonly what: 'link'; readonly person: StaffPerson; readonly link: PersonLink };

const NOTHING: Open = { what: 'nothing' };

export function People() {
  const t = officeWords.t.people;
  const { api } = useOffice();
  const list = useFetched(api.listPeople);
  const [open, setOpen] = useState<Open>(NOTHING);
  const close = () => setOpen(NOTHING);

  /** Shows an account as it is now, and the link that came with the change. */
  const changed = (person: StaffPerson, link: PersonLink | undefined) => {
    if (list.value) list.set(withPerson(list.value, person));
    setOpen(link ? { what: 'link', person, link } : NOTHING);
  };
  const done = (person: StaffPerson, link: PersonLink | undefined, action: ChangePerson['action']) => {
    if (action === 'role' || action === 'disable' || action === 'enable') toast(t.done[action](person.name), 'ok');
    changed(person, link);
  };

  return (
    <Page
      title={clinicWords.t.places.people}
      lead={list.value?.may_change === false ? `${t.lead} ${t.lookOnly}` : t.lead}
      action={
        list.value?.may_change ? (
          <Button kind="primary" icon={IconPersonAdd} onClick={() => setOpen({ what: 'add' })}>
            {t.add}
          </Button>
        ) : null
      }
    >
      <WhenHere of={list}>
        {({ people, may_change }) => (
          <Accounts people={people} onChange={may_change ? (person) => setOpen({ what: 'change', person }) : null} />
        )}
      </WhenHere>
      {open.what === 'add' ? <AddPerson onClose={close} onAdded={changed} /> : null}
      {open.what === 'change' ? <PersonDialog person={open.person} onClose={close} onDone={done} /> : null}
      {open.what === 'link' ? <LinkDialog name={open.person.name} link={open.link} onClose={close} /> : null}
    </Page>
  );
}

interface AccountsProps {
  readonly people: readonly StaffPerson[];
  /** Null for those who only look. */
  readonly onChange: ((person: StaffPerson) => void) | null;
}

function Accounts({ people, onChange }: AccountsProps) {
  const t = officeWords.t.people;
  const [wanted, setWanted] = useState('');
  const found = people.filter((person) => matches(person, wanted));
  return (
    <>
      {people.length >= MANY ? (
        <TextField label={t.find} type="search" autocomplete="off" spellcheck={false} value={wanted} onValue={setWanted} />
      ) : null}
      <p class="clinic-soft" role="status">
        {t.count(found.length)}
      </p>
      {found.length === 0 ? (
        <EmptyState title={t.nobody}>{t.nobodyHint}</EmptyState>
      ) : (
        <ul role="list" class="office-rows">
          {found.map((person) => (
            <li key={person.id} class="office-row">
              <Account person={person} onChange={onChange} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** What they sign in with, in a word. */
function stepText({ invited, has_second_factor, by_provider }: StaffPerson): string {
  const t = officeWords.t.people;
  if (invited) return t.invited;
  if (has_second_factor) return t.secondFactor;
  return by_provider ? t.byProvider : t.noSecondFactor;
}

function Account({ person, onChange }: { person: StaffPerson; onChange: AccountsProps['onChange'] }) {
  const t = officeWords.t.people;
  return (
    <>
      <div class="office-row__what">
        <h2 class="office-name">{person.name}</h2>
        <p class="clinic-soft office-name">{person.email}</p>
        <p class="clinic-facts">
          <Badge tone={person.role === 'admin' || person.role === 'officer' ? 'info' : 'plain'}>{t.roles[person.role]}</Badge>
          {person.active ? null : <Badge tone="warn">{t.disabled}</Badge>}
          {person.me ? <Badge tone="ok">{t.you}</Badge> : null}
          <span class="clinic-soft clinic-small">
            {stepText(person)}
          </span>
          <span class="clinic-soft clinic-small">{t.sessions(person.sessions)}</span>
        </p>
        {person.me && onChange ? <p class="clinic-soft clinic-small">{t.own}</p> : null}
      </div>
      <div class="office-row__do">
        <Button kind="quiet" aria-label={person.me ? t.inLogOwn : t.inLogNamed(person.name)} onClick={() => showLog({ person: person.id, called: person.name })}>
          {person.me ? t.inLogOwn : t.inLog}
        </Button>
        {onChange && !person.me ? (
          <Button aria-label={t.changeNamed(person.name)} onClick={() => onChange(person)}>
            {t.change}
          </Button>
        ) : null}
      </div>
    </>
  );
}

function matches(person: StaffPerson, wanted: string): boolean {
  const words = wanted.trim().toLocaleLowerCase();
  return person.name.toLocaleLowerCase().includes(words) || person.email.toLocaleLowerCase().includes(words);
}

/** The list with one account new or changed, in the order of names. */
function withPerson(list: PeopleList, person: StaffPerson): PeopleList {
  const others = list.people.filter(({ id }) => id !== person.id);
  return { ...list, people: [...others, person].sort((a, b) => a.name.localeCompare(b.name)) };
}
