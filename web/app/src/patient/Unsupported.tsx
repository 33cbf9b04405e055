/** A browser or a place in which no visit can work. Said before the link is used up. */
import type { CheckCode } from '@bedside/client/check';
import { useState } from 'preact/hooks';
import { deviceText, helloText } from '../i18n/parts';
import { announce, Banner, Button, IconCopy } from '../ui';
import type { Clinic } from './clinic';
import { CallClinic, Shell } from './Shell';

export interface UnsupportedProps {
  clinic: Clinic;
  code: CheckCode;
  /** The whole address of the link, for another browser; `null` when the page came without one. */
  link: string | null;
}

export function Unsupported({ clinic, code, link }: UnsupportedProps) {
  const t = helloText.t.unsupported;
  const problem = deviceText.t.problems[code];
  const [copied, setCopied] = useState<'no' | 'yes' | 'failed'>('no');
  const offersLink = link !== null && (code === 'in_app_browser' || code === 'no_webrtc');

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link ?? '');
      setCopied('yes');
      announce(t.copied);
    } catch {
      setCopied('failed');
    }
  };

  return (
    <Shell clinic={clinic} title={t.browserTitle}>
      <Banner tone="warn">{problem.what}</Banner>
      <ol class="p-fixes">
        {problem.fix.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      {offersLink ? (
        <>
          <Button kind="primary" scale="large" wide icon={IconCopy} onClick={() => void copy()}>
            {t.copy}
          </Button>
          {copied === 'yes' ? <Banner tone="ok">{t.copied}</Banner> : null}
          {copied === 'failed' ? (
            <>
              <Banner tone="info">{t.copyFailed}</Banner>
              <p class="p-link">
                <bdi>{link}</bdi>
              </p>
            </>
          ) : null}
        </>
      ) : null}
      <CallClinic clinic={clinic} />
    </Shell>
  );
}
