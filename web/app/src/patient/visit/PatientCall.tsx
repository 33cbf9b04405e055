/** The call as a patient or guest has it: the clinician large, help and consent within reach. */
import type { VisitClient } from '@bedside/client';
import { CallScreen, type CallUi } from '../../call';
import { waitText } from '../../i18n/parts';
import { EmptyState, Spinner, useFocusOn, useValue } from '../../ui';
import type { Clinic } from '../clinic';
import { HelpLine } from '../Shell';
import { ConsentChoices } from './Consent';

export interface PatientCallProps {
  clinic: Clinic;
  visit: VisitClient;
  ui: CallUi;
}

export function PatientCall({ clinic, visit, ui }: PatientCallProps) {
  const t = waitText.t;
  const people = useValue(visit.people);
  const phase = useValue(visit.phase);
  const identity = useValue(visit.me.identity);
  const heading = useFocusOn<HTMLHeadingElement>('call');
  const host = people.find((person) => person.role === 'host');
  return (
    <CallScreen
      visit={visit}
      ui={ui}
      lead={host?.seat ?? null}
      header={
        <h1 ref={heading} tabIndex={-1}>
          <bdi>{identity?.hostName ?? clinic.name ?? ''}</bdi>
        </h1>
      }
      {...(phase === 'admitted'
        ? {
            alone: (
              <EmptyState title={t.lettingIn}>
                <Spinner />
              </EmptyState>
            ),
          }
        : {})}
      settingsExtra={<ConsentChoices visit={visit} />}
      footer={<HelpLine clinic={clinic} short />}
    />
  );
}
