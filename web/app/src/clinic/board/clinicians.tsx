/** Choosing a clinician: the list from the server, and what is shown while it is on its way or missing. */
import { useEffect, useState } from 'preact/hooks';
import type { Clinician } from '@bedside/client';
import { Banner, Button, SelectField } from '../../ui';
import { useDeed } from '../deed';
import { clinicWords } from '../i18n';
import { errorText } from '../words';
import { useClinic } from './actions';

export interface ClinicianFieldProps {
  readonly label: string;
  readonly hint?: string;
  /** The id of the chosen one; empty for none. */
  readonly value: string;
  readonly onValue: (id: string) => void;
  readonly error?: string | undefined;
  /** What stands for the empty choice: "choose", or oneself. */
  readonly empty: string;
  /** Names that are no choice here. A name that two people have is always shown. */
  readonly without?: readonly string[];
  /** The only one there is, is chosen at once. */
  readonly takeOnly?: boolean;
}

export function ClinicianField(props: ClinicianFieldProps) {
  const { value, onValue, without = [], takeOnly = false } = props;
  const t = clinicWords.t;
  const { actions } = useClinic();
  const [all, setAll] = useState<readonly Clinician[] | null>(null);
  const fetching = useDeed();

  const fetch = () =>
    fetching.run(actions.clinicians, (found) => {
      setAll(found);
      const [only] = found;
      if (takeOnly && only && found.length === 1 && value === '') onValue(only.id);
    });
  useEffect(fetch, []);

  if (fetching.refused) {
    return (
      <Banner tone="warn" live="polite" title={props.label} actions={<Button onClick={fetch}>{t.common.tryAgain}</Button>}>
        {errorText(fetching.refused)}
      </Banner>
    );
  }
  const names = (all ?? []).map(({ name }) => name);
  const choices = (all ?? []).filter(({ name }) => !without.includes(name) || names.indexOf(name) !== names.lastIndexOf(name));
  return (
    <SelectField
      label={props.label}
      hint={props.hint}
      disabled={all === null}
      value={value}
      onValue={onValue}
      error={props.error}
      options={[
        { value: '', label: all === null ? t.common.loading : choices.length === 0 ? t.clinicians.none : props.empty },
        ...choices.map(({ id, name }) => ({ value: id, label: name })),
      ]}
    />
  );
}
