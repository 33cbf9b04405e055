/** The log as a file, for somebody who checks it or reads it with another program. */
import { useId, useState } from 'preact/hooks';
import type { AuditExportRequest, AuditFormat } from '@bedside/client';
import { useDeed } from '../clinic/deed';
import { clinicWords } from '../clinic/i18n';
import { Button, ChoiceField, Dialog, toast } from '../ui';
import { useOffice } from './context';
import { Refused, keepFile } from './parts';
import { auditWords } from './words';

export interface ExportLogProps {
  /** What goes into the file. */
  readonly range: Omit<AuditExportRequest, 'format'>;
  /** What to call it; null for the whole log. */
  readonly called: string | null;
  /** The page sorts out a kind of entries, which the file does not. */
  readonly allKinds?: boolean;
  readonly onClose: () => void;
}

export function ExportLog({ range, called, allKinds = false, onClose }: ExportLogProps) {
  const t = auditWords.t.file;
  const { api } = useOffice();
  const [format, setFormat] = useState<AuditFormat>('jsonl');
  const taking = useDeed();
  const form = useId();
  const submit = (event: Event) => {
    event.preventDefault();
    taking.run(
      () => api.exportAudit({ ...range, format }),
      (file) => {
        keepFile(file);
        toast(t.done, 'ok');
        onClose();
      },
    );
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.title}
      closeLabel={clinicWords.t.common.close}
      actions={
        <>
          <Button onClick={onClose}>{clinicWords.t.common.cancel}</Button>
          <Button kind="primary" type="submit" form={form} busy={taking.busy}>
            {t.submit}
          </Button>
        </>
      }
    >
      <p>{called === null ? t.everything : auditWords.t.only(called)}</p>
      {range.from !== undefined || range.until !== undefined ? <p>{t.days}</p> : null}
      {allKinds ? <p>{t.allKinds}</p> : null}
      <form id={form} class="clinic-form" onSubmit={submit}>
        <Refused code={taking.refused} />
        <ChoiceField
          label={t.format}
          value={format}
          onValue={setFormat}
          options={[
            { value: 'jsonl', label: t.jsonl, hint: t.jsonlHint },
            { value: 'fhir', label: t.fhir, hint: t.fhirHint },
          ]}
        />
        <p class="clinic-soft">{t.onRecord}</p>
      </form>
    </Dialog>
  );
}
