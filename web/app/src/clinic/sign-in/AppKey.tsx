/** The key of an authenticator app, as a picture and in letters. */
import type { MfaStart } from '@bedside/client';
import { Button, IconCopy } from '../../ui';
import { copyText, svgSource } from '../copy';
import { clinicWords } from '../i18n';

export function AppKey({ mfa }: { readonly mfa: MfaStart }) {
  const t = clinicWords.t;
  return (
    <>
      <p>{t.enrol.step1}</p>
      <img class="clinic-qr" src={svgSource(mfa.qr_svg)} alt={t.enrol.qrAlt} width="208" height="208" />
      <details class="clinic-fold">
        <summary>{t.enrol.typed}</summary>
        <div class="clinic-copyline">
          <code class="clinic-key" dir="ltr" aria-label={t.enrol.key}>
            {grouped(mfa.secret)}
          </code>
          <Button scale="small" icon={IconCopy} onClick={() => void copyText(mfa.secret)}>
            {t.common.copy}
          </Button>
        </div>
      </details>
    </>
  );
}

/** Groups of four: easier to read and to type. */
function grouped(secret: string): string {
  return secret.replace(/(.{4})(?=.)/g, '$1 ');
}
