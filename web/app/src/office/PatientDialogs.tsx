/** The questions before a patient's data is held, released or erased. */
import { useId, useState } from 'preact/hooks';
import type { Patient } from '@bedside/client';
import { useDeed } from '../clinic/deed';
import { clinicWords } from '../clinic/i18n';
import { reasonFault } from '../clinic/model/reason';
import { Button, Confirm, Dialog, TextField, toast } from '../ui';
import { useOffice } from './context';
import { Reason, Refused, RefusedFor, keepFile } from './parts';
import { officeWords } from './words';

export interface HoldPatientProps {
  readonly patient: Patient;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Keeps everything about a patient, with the reason for it. */
export function HoldPatient({ patient, onClose, onDone }: HoldPatientProps) {
  const t = officeWords.t.kept;
  const { api } = useOffice();
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const holding = useDeed();
  const form = useId();
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (reasonFault(reason) !== null) return;
    holding.run(
      () => api.holdPatient(patient.id, reason.trim()),
      () => {
        toast(t.holdDone, 'ok');
        onDone();
      },
    );
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.holdTitle(patient.name)}
      closeLabel={clinicWords.t.common.close}
      actions={
        <>
          <Button onClick={onClose}>{clinicWords.t.common.cancel}</Button>
          <Button kind="primary" type="submit" form={form} busy={holding.busy}>
            {t.holdSubmit}
          </Button>
        </>
      }
    >
      <p>{t.holdBody}</p>
      <form id={form} class="clinic-form" noValidate onSubmit={submit}>
        <Refused code={holding.refused} />
        <Reason label={t.reason} hint={t.reasonHint} autofocus value={reason} onValue={setReason} fault={tried ? reasonFault(reason) : null} />
      </form>
    </Dialog>
  );
}

export interface LiftHoldProps {
  readonly patient: string;
  readonly name: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Lets the rules hold again. */
export function LiftHold({ patient, name, onClose, onDone }: LiftHoldProps) {
  const t = officeWords.t.kept;
  const { api } = useOffice();
  const lifting = useDeed();
  const lift = () =>
    lifting.run(
      () => api.liftHold(patient),
      () => {
        toast(t.liftDone, 'ok');
        onDone();
      },
    );
  return (
    <Confirm
      open
      title={t.liftTitle(name)}
      confirmLabel={t.liftSubmit}
      cancelLabel={clinicWords.t.common.cancel}
      busy={lifting.busy}
      onConfirm={lift}
      onCancel={onClose}
    >
      <p>{t.liftBody}</p>
      <Refused code={lifting.refused} />
    </Confirm>
  );
}

/** Erases a patient: what goes, what stays, the name typed once more, and the certificate. */
export function ErasePatient({ patient, onClose, onDone }: HoldPatientProps) {
  const t = officeWords.t.kept;
  const { api } = useOffice();
  const [name, setName] = useState('');
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const erasing = useDeed();
  const form = useId();
  const other = !isSameName(name, patient.name);
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (other || reasonFault(reason) !== null) return;
    erasing.run(
      () => api.erasePatient(patient.id, { name: name.trim(), reason: reason.trim() }),
      (certificate) => {
        keepFile(certificate);
        toast(t.erased, 'ok');
        onDone();
      },
    );
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.eraseTitle(patient.name)}
      closeLabel={clinicWords.t.common.close}
      actions={
        <>
          <Button onClick={onClose}>{clinicWords.t.common.cancel}</Button>
          <Button kind="danger" type="submit" form={form} busy={erasing.busy}>
            {t.eraseSubmit}
          </Button>
        </>
      }
    >
      <ul class="clinic-list">
        {t.eraseFacts.map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
      </ul>
      <form id={form} class="clinic-form" noValidate onSubmit={submit}>
        <RefusedFor deed={erasing} fields={['name']} words={{ wrong_state: t.eraseRunning }} />
        <TextField
          label={t.eraseName}
          hint={t.eraseNameHint(patient.name)}
          autocomplete="off"
          spellcheck={false}
          autofocus
          value={name}
          onValue={setName}
          error={(tried && other) || erasing.field === 'name' ? t.eraseNameOdd : undefined}
        />
        <Reason label={t.reason} hint={t.eraseReason} value={reason} onValue={setReason} fault={tried ? reasonFault(reason) : null} />
      </form>
    </Dialog>
  );
}

/** Whether the name was typed again, as the server asks: capitals and spaces around it do not matter. */
function isSameName(typed: string, name: string): boolean {
  return typed.trim().toLowerCase() === name.trim().toLowerCase();
}
