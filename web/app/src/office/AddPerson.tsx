/** A new account: name, address, role. The link for its owner comes with the answer. */
import { useId, useRef, useState } from 'preact/hooks';
import type { PersonLink, StaffPerson, StaffRole } from '@bedside/client';
import { MAX_NAME_CHARS } from '@bedside/client/protocol';
import { useDeed } from '../clinic/deed';
import { clinicWords } from '../clinic/i18n';
import { isEmail, tidy } from '../clinic/model/visit-form';
import { Button, ChoiceField, Dialog, TextField } from '../ui';
import { useOffice } from './context';
import { RefusedFor } from './parts';
import { officeWords } from './words';

/** The roles, in the order in which they are offered. */
export const ROLES: readonly StaffRole[] = ['clinician', 'staff', 'officer', 'admin'];

export interface AddPersonProps {
  readonly onClose: () => void;
  readonly onAdded: (person: StaffPerson, link: PersonLink | undefined) => void;
}

export function AddPerson({ onClose, onAdded }: AddPersonProps) {
  const t = officeWords.t.people;
  const { api } = useOffice();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<StaffRole>('clinician');
  const [tried, setTried] = useState(false);
  const adding = useDeed();
  const form = useId();
  const box = useRef<HTMLFormElement>(null);

  const tidied = tidy(name);
  const nameOdd = tidied === '' || [...tidied].length > MAX_NAME_CHARS;
  const emailOdd = !isEmail(email);
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (nameOdd || emailOdd) {
      requestAnimationFrame(() => box.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus());
      return;
    }
    adding.run(
      () => api.addPerson({ name: tidied, email: email.trim(), role }),
      ({ person, link }) => onAdded(person, link),
    );
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={t.add}
      closeLabel={clinicWords.t.common.close}
      actions={
        <>
          <Button onClick={onClose}>{clinicWords.t.common.cancel}</Button>
          <Button kind="primary" type="submit" form={form} busy={adding.busy}>
            {t.addSubmit}
          </Button>
        </>
      }
    >
      <form id={form} ref={box} class="clinic-form" noValidate onSubmit={submit}>
        <RefusedFor deed={adding} fields={['name', 'email']} />
        <TextField
          label={t.name}
          hint={t.nameHint}
          autocomplete="off"
          autocapitalize="words"
          spellcheck={false}
          autofocus
          value={name}
          onValue={setName}
          error={(tried && nameOdd) || adding.field === 'name' ? t.fault.name : undefined}
        />
        <TextField
          label={t.email}
          hint={t.emailHint}
          type="email"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          value={email}
          onValue={(typed) => {
            adding.clear();
            setEmail(typed);
          }}
          error={tried && emailOdd ? t.fault.email : adding.field === 'email' ? t.fault.emailRefused : undefined}
        />
        <ChoiceField
          label={t.role}
          value={role}
          onValue={setRole}
          options={ROLES.map((value) => ({ value, label: t.roles[value], hint: t.roleHints[value] }))}
        />
      </form>
    </Dialog>
  );
}
