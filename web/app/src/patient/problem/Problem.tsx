/** One thing that does not work: what, how to fix it, try again, or go on without. */
import type { ComponentChildren } from 'preact';
import type { CheckCode, CheckItem } from '@bedside/client/check';
import { useMemo } from 'preact/hooks';
import { checkText, deviceText } from '../../i18n/parts';
import { Banner, Button, IconRefresh } from '../../ui';
import { PromptPicture } from '../check/PromptPicture';
import type { Clinic } from '../clinic';
import { AddressPicture } from './AddressPicture';
import { Shell } from '../Shell';
import { readPlatform } from './platform';

export interface ProblemProps {
  clinic: Clinic;
  title: string;
  /** What shows whether it works by now: the picture, the loudness. */
  live?: ComponentChildren;
  item: CheckItem;
  code: CheckCode;
  /** Another device of the same kind to choose, if there is one. */
  otherDevice?: ComponentChildren;
  busy: boolean;
  onAgain: () => void;
  onWithout: () => void;
}

/** The steps for this code on this machine. */
function useSteps(code: CheckCode): readonly string[] {
  const t = deviceText.t;
  const platform = useMemo(() => readPlatform(navigator.userAgent, navigator.maxTouchPoints), []);
  if (code === 'permission_blocked_site') return t.site[platform.site];
  if (code === 'permission_blocked_os') return t.system[platform.system];
  return t.problems[code].fix;
}

export function Problem({ clinic, title, live, item, code, otherDevice, busy, onAgain, onWithout }: ProblemProps) {
  const t = checkText.t;
  const steps = useSteps(code);
  return (
    <Shell clinic={clinic} title={title} step={2}>
      {live ?? null}
      <Banner tone="warn" live="polite">
        {deviceText.t.problems[code].what}
      </Banner>
      <section class="p-card p-stack">
        <h2>{t.problem.how}</h2>
        {code === 'permission_blocked_site' ? <AddressPicture /> : null}
        {code === 'permission_dismissed' || code === 'prompt_timeout' ? <PromptPicture /> : null}
        <ol class="p-fixes">
          {steps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
        {otherDevice ?? null}
      </section>
      <div class="p-actions">
        <Button kind="primary" scale="large" wide icon={IconRefresh} busy={busy} onClick={onAgain}>
          {item === 'speaker' ? t.speaker.again : t.problem.again}
        </Button>
        <Button scale="large" wide onClick={onWithout}>
          {item === 'camera' ? t.intro.voice : t.problem.anyway}
        </Button>
      </div>
    </Shell>
  );
}
