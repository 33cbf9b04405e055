/** A one-time link for somebody of the clinic, shown once. */
import { useId, useRef, useState } from 'preact/hooks';
import type { PersonLink } from '@bedside/client';
import { copyText } from '../clinic/copy';
import { Banner, Button, Dialog, IconCheck, IconCopy } from '../ui';
import { clinicWords } from '../clinic/i18n';
import { momentText, officeWords } from './words';

export interface LinkDialogProps {
  readonly name: string;
  readonly link: PersonLink;
  readonly onClose: () => void;
}

export function LinkDialog({ name, link, onClose }: LinkDialogProps) {
  const t = officeWords.t.people;
  const [copied, setCopied] = useState(false);
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.linkTitle(name)}
      closeLabel={clinicWords.t.common.close}
      actions={<Button onClick={onClose}>{t.linkDone}</Button>}
    >
      <Banner tone={link.mailed ? 'ok' : 'warn'} live="polite">
        {link.mailed ? t.linkMailed : t.linkNotMailed}
      </Banner>
      <div class="ui-field">
        <label class="ui-field__label" for={id}>
          {t.link}
        </label>
        <input id={id} ref={field} class="ui-input clinic-link" readOnly dir="ltr" value={link.url} onFocus={() => field.current?.select()} />
      </div>
      <div class="clinic-row">
        <Button kind="primary" autofocus icon={copied ? IconCheck : IconCopy} onClick={() => void copyText(link.url).then(setCopied)}>
          {t.copyLink}
        </Button>
      </div>
      <p class="clinic-soft">{t.linkUntil(momentText(link.expires_at))}</p>
    </Dialog>
  );
}
