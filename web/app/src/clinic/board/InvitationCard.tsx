/** A link to give away: to copy, to scan, to paste, to put into a calendar. */
import { useId, useRef, useState } from 'preact/hooks';
import type { Invitation } from '@bedside/client';
import { Banner, Button, IconCalendar, IconCheck, IconCopy, LinkButton } from '../../ui';
import { copyText, icsTarget, svgSource } from '../copy';
import { clinicWords } from '../i18n';
import { useClinic } from './actions';

export interface InvitationCardProps {
  readonly invitation: Invitation;
  /** What has just happened, in a sentence. */
  readonly lead: string;
  /** An e-mail was asked for; says so when it did not go out. */
  readonly mailWanted: boolean;
  /** Lets a synthetic patient come instead; offered where the server has one. */
  readonly onSynthetic?: () => void;
}

export function InvitationCard({ invitation, lead, mailWanted, onSynthetic }: InvitationCardProps) {
  const t = clinicWords.t.invitation;
  const { me } = useClinic();
  const [copied, setCopied] = useState<'link' | 'text' | null>(null);
  const id = useId();
  const link = useRef<HTMLInputElement>(null);
  const failed = mailWanted && !invitation.mailed;

  const copy = (what: 'link' | 'text') => {
    void copyText(what === 'link' ? invitation.url : invitation.text).then((ok) => setCopied(ok ? what : null));
  };

  return (
    <div class="clinic-invitation">
      <div class="clinic-stack">
        <Banner tone={failed ? 'warn' : 'ok'} title={lead} live="polite">
          {failed ? t.mailFailed : invitation.mailed ? t.mailed : t.notMailed}
        </Banner>
        <div class="ui-field">
          <label class="ui-field__label" for={id}>
            {t.link}
          </label>
          <input
            id={id}
            ref={link}
            class="ui-input clinic-link"
            readOnly
            dir="ltr"
            value={invitation.url}
            onFocus={() => link.current?.select()}
          />
        </div>
        <div class="clinic-row">
          <Button kind="primary" autofocus icon={copied === 'link' ? IconCheck : IconCopy} onClick={() => copy('link')}>
            {t.copyLink}
          </Button>
          <Button icon={copied === 'text' ? IconCheck : IconCopy} onClick={() => copy('text')}>
            {t.copyText}
          </Button>
          <LinkButton icon={IconCalendar} href={icsTarget(invitation.ics)} download={t.icsName}>
            {t.ics}
          </LinkButton>
        </div>
        <details class="clinic-fold">
          <summary>{t.text}</summary>
          <p class="clinic-pasted">{invitation.text}</p>
        </details>
        <p class="clinic-soft clinic-small">{t.onlyFor}</p>
        {onSynthetic && me.demo_guest ? <Button onClick={onSynthetic}>{clinicWords.t.visit.synthetic}</Button> : null}
      </div>
      <img class="clinic-qr" src={svgSource(invitation.qr_svg)} alt={t.qrAlt} width="208" height="208" />
    </div>
  );
}
