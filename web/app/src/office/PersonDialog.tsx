/** What can be done with an account, each with what it does before it is done. */
import { useState } from 'preact/hooks';
import type { ChangePerson, PersonLink, StaffPerson, StaffRole } from '@bedside/client';
import { useDeed } from '../clinic/deed';
import { clinicWords } from '../clinic/i18n';
import { Button, ChoiceField, Confirm, Dialog, IconClose, IconLink, IconPerson, IconShield } from '../ui';
import { ROLES } from './AddPerson';
import { useOffice } from './context';
import { Refused } from './parts';
import { officeWords } from './words';

type Action = ChangePerson['action'];

export interface PersonDialogProps {
  readonly person: StaffPerson;
  readonly onClose: () => void;
  readonly onDone: (person: StaffPerson, link: PersonLink | undefined, action: Action) => void;
  /** The question that stands already. */
  readonly start?: Action;
}

export function PersonDialog({ person, onClose, onDone, start }: PersonDialogProps) {
  const t = officeWords.t.people;
  const [asking, setAsking] = useState<Action | null>(start ?? null);
  if (asking !== null) return <Question person={person} action={asking} onCancel={() => setAsking(null)} onDone={onDone} />;
  const deed = (action: Action, icon: typeof IconLink) => (
    <Button wide icon={icon} onClick={() => setAsking(action)}>
      {t.deeds[action]}
    </Button>
  );
  return (
    <Dialog open shape="sheet" onClose={onClose} title={person.name} closeLabel={clinicWords.t.common.close}>
      <div class="clinic-menu">
        {deed('role', IconPerson)}
        {person.active ? (
          <>
            {deed('new_password', IconLink)}
            {deed('reset_second_factor', IconShield)}
            {deed('disable', IconClose)}
          </>
        ) : (
          deed('enable', IconPerson)
        )}
      </div>
    </Dialog>
  );
}

interface QuestionProps {
  readonly person: StaffPerson;
  readonly action: Action;
  readonly onCancel: () => void;
  readonly onDone: PersonDialogProps['onDone'];
}

/** What it does, and a yes. */
function Question({ person, action, onCancel, onDone }: QuestionProps) {
  const t = officeWords.t.people;
  const { api } = useOffice();
  const [role, setRole] = useState<StaffRole>(person.role);
  const changing = useDeed();
  const harmless = action === 'enable' || action === 'new_password';
  const submit = () => {
    const change: ChangePerson = action === 'role' ? { action, role } : { action };
    changing.run(
      () => api.changePerson(person.id, change),
      (answer) => onDone(answer.person, answer.link, action),
    );
  };
  return (
    <Confirm
      open
      title={t.ask[action](person.name)}
      confirmLabel={t.submit[action]}
      cancelLabel={clinicWords.t.common.cancel}
      kind={harmless ? 'primary' : 'danger'}
      busy={changing.busy}
      onConfirm={() => (action === 'role' && role === person.role ? onCancel() : submit())}
      onCancel={onCancel}
    >
      <Refused code={changing.refused} />
      {action === 'role' ? (
        <ChoiceField
          label={t.role}
          value={role}
          onValue={setRole}
          options={ROLES.map((value) => ({ value, label: t.roles[value], hint: t.roleHints[value] }))}
        />
      ) : null}
      <p>{t.will[action]}</p>
    </Confirm>
  );
}
