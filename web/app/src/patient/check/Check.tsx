/**
 * The device check, one thing per page. It opens the camera and microphone that the call will use, so
 * that the browser asks once.
 */
import type { CheckItem, CheckReport, DeviceCheck, DeviceKind } from '@bedside/client/check';
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { DeviceSelect } from '../../call/DeviceSelect';
import { checkText, deviceText, waysText } from '../../i18n/parts';
import {
  Badge,
  Banner,
  Button,
  IconArrowUp,
  IconCheck,
  IconSound,
  Meter,
  Spinner,
  toast,
  useValue,
} from '../../ui';
import type { Clinic } from '../clinic';
import { Shell } from '../Shell';
import { allWell, checkPage, verdictOf, type Answers, type Items } from './flow';
import { untilThere } from '../fetching';
import { later } from '../later';
import { PromptPicture } from './PromptPicture';

/** Fetches the page for what does not work, with its words; most people never see it. */
export async function fetchProblem() {
  const [page] = await Promise.all([import('../problem/Problem'), deviceText.load()]);
  return page.Problem;
}
const Problem = later(fetchProblem);

/** Fetches what is said of a network that blocks; few people see it. */
async function fetchBlocked() {
  const [part] = await Promise.all([import('../problem/Blocked'), deviceText.load(), waysText.load()]);
  return part.Blocked;
}

export interface CheckProps {
  clinic: Clinic;
  check: DeviceCheck;
  /** What the person has answered; kept outside, because the check can be opened again. */
  answers: Answers;
  onAnswers: (answers: Answers) => void;
  onDone: (report: CheckReport) => void;
}

function useItems(check: DeviceCheck): Items {
  return {
    camera: useValue(check.camera),
    microphone: useValue(check.microphone),
    speaker: useValue(check.speaker),
    network: useValue(check.network),
  };
}

const KIND: Partial<Record<CheckItem, DeviceKind>> = { camera: 'camera', microphone: 'mic', speaker: 'speaker' };

/** Another device of the same kind, offered where there is more than one. */
function OtherDevice({ check, item }: { check: DeviceCheck; item: CheckItem }) {
  const t = checkText.t;
  const list = useValue(check.devices.list);
  const kind = KIND[item];
  if (!kind || list[kind].length < 2) return null;
  const labels: Record<DeviceKind, string> = {
    camera: t.camera.other,
    mic: t.microphone.other,
    speaker: t.speaker.other,
  };
  return (
    <DeviceSelect
      devices={check.devices}
      kind={kind}
      label={labels[kind]}
      systemLabel={t.device.system}
      noneLabel={t.device.none}
      nameless={t.device.nameless}
      onFailure={() => toast(t.device.failed, 'warn')}
      onChosen={() => void check.retry(item)}
    />
  );
}

function Preview({ check }: { check: DeviceCheck }) {
  const video = useRef<HTMLVideoElement>(null);
  const facing = useValue(check.devices.facing);
  useEffect(() => (video.current ? check.preview(video.current) : undefined), [check]);
  return (
    <video
      ref={video}
      class={`p-preview${facing === 'user' ? ' p-preview--mirrored' : ''}`}
      aria-label={checkText.t.camera.preview}
      autoplay
      playsInline
      muted
    />
  );
}

function Loudness({ check }: { check: DeviceCheck }) {
  return <Meter level={useValue(check.level)} label={checkText.t.microphone.level} />;
}

export function Check({ clinic, check, answers, onAnswers: setAnswers, onDone }: CheckProps) {
  const t = checkText.t;
  const [busy, setBusy] = useState(false);
  const items = useItems(check);
  const promptOpen = useValue(check.promptOpen);
  const page = checkPage(items, answers);

  const pass = (item: CheckItem) => {
    setAnswers({ ...answers, unseen: false, passed: [...answers.passed, item] });
    // The silence while the person looked at the camera page says nothing about the microphone.
    if (item === 'camera' && items.microphone.code === 'silent_microphone') void check.retry('microphone');
  };
  const working = (work: Promise<void>) => {
    setBusy(true);
    void work.finally(() => setBusy(false));
  };
  const start = (voiceOnly: boolean) => {
    if (voiceOnly) check.voiceOnly();
    setAnswers({ ...answers, started: true, passed: voiceOnly ? ['camera'] : [] });
    void check.start();
  };
  const without = (item: CheckItem) => {
    if (item === 'camera') check.voiceOnly();
    pass(item);
  };
  const again = (item: CheckItem, both: boolean) => {
    setAnswers({ ...answers, unseen: false });
    working(both ? check.start() : check.retry(item));
  };

  switch (page.at) {
    case 'intro':
      return (
        <Shell clinic={clinic} title={t.intro.title} step={2}>
          <p>{t.intro.text}</p>
          <PromptPicture />
          <div class="p-actions">
            <Button kind="primary" scale="large" wide onClick={() => start(false)}>
              {t.intro.go}
            </Button>
            <Button scale="large" wide onClick={() => start(true)}>
              {t.intro.voice}
            </Button>
          </div>
        </Shell>
      );
    case 'asking':
      return (
        <Shell clinic={clinic} title={t.intro.title} step={2}>
          {promptOpen ? (
            <p class="p-arrow">
              <IconArrowUp size={2.5} />
              <span>{t.intro.arrow}</span>
            </p>
          ) : null}
          <p>{t.intro.asking}</p>
          <PromptPicture />
          <p class="p-quiet" role="status">
            <Spinner />
            <span>{t.intro.waiting}</span>
          </p>
        </Shell>
      );
    case 'problem': {
      const { item, code, both } = page;
      const title = both ? t.both : t.summary.items[item];
      return (
        <Problem
          clinic={clinic}
          title={title}
          item={item}
          code={code}
          busy={busy}
          live={
            code === 'black_video' ? (
              <Preview check={check} />
            ) : code === 'silent_microphone' ? (
              <Loudness check={check} />
            ) : null
          }
          otherDevice={<OtherDevice check={check} item={item} />}
          onAgain={() => again(item, both)}
          onWithout={() => without(item)}
        />
      );
    }
    case 'camera':
      return (
        <Shell clinic={clinic} title={t.camera.title} step={2}>
          <Preview check={check} />
          <div class="p-actions">
            <Button kind="primary" scale="large" wide onClick={() => pass('camera')}>
              {t.camera.yes}
            </Button>
            <Button scale="large" wide onClick={() => setAnswers({ ...answers, unseen: true })}>
              {t.camera.no}
            </Button>
          </div>
          <OtherDevice check={check} item="camera" />
        </Shell>
      );
    case 'microphone':
      return (
        <Shell clinic={clinic} title={t.microphone.title} step={2}>
          <p>{t.microphone.text}</p>
          <Loudness check={check} />
          <p class={page.heard ? 'p-quiet p-quiet--ok' : 'p-quiet'} role="status">
            {page.heard ? <IconCheck /> : <Spinner />}
            <span>{page.heard ? t.microphone.heard : t.microphone.listening}</span>
          </p>
          <Button kind="primary" scale="large" wide disabled={!page.heard} onClick={() => pass('microphone')}>
            {t.microphone.yes}
          </Button>
          <OtherDevice check={check} item="microphone" />
        </Shell>
      );
    case 'speaker': {
      const played = items.speaker.state !== 'idle';
      return (
        <Shell clinic={clinic} title={t.speaker.title} step={2}>
          <p>{t.speaker.text}</p>
          <Button
            kind={played ? 'secondary' : 'primary'}
            scale="large"
            wide
            icon={IconSound}
            onClick={() => void check.chime()}
          >
            {played ? t.speaker.again : t.speaker.play}
          </Button>
          {/* The answers keep their place from the start, so that nothing moves under the finger. */}
          <div class="p-answers">
            <Button
              kind={played ? 'primary' : 'secondary'}
              scale="large"
              disabled={!played}
              onClick={() => {
                check.heard(true);
                pass('speaker');
              }}
            >
              {t.speaker.yes}
            </Button>
            <Button scale="large" disabled={!played} onClick={() => check.heard(false)}>
              {t.speaker.no}
            </Button>
          </div>
          <OtherDevice check={check} item="speaker" />
        </Shell>
      );
    }
    case 'summary':
      return (
        <Shell clinic={clinic} title={allWell(items) ? t.summary.titleOk : t.summary.titleMixed} step={2}>
          <Summary check={check} items={items} />
          <Button kind="primary" scale="large" wide onClick={() => onDone(check.report())}>
            {t.summary.yes}
          </Button>
        </Shell>
      );
  }
}

/** Who blocks, and what to hand on; empty while it is on its way. */
function BlockedLater({ check }: { check: DeviceCheck }) {
  const [found, setFound] = useState<{ Blocked: ComponentType<{ check: DeviceCheck }> } | null>(null);
  useEffect(() => void untilThere(fetchBlocked, () => undefined).then((Blocked) => setFound({ Blocked })), []);
  return found === null ? null : <found.Blocked check={check} />;
}

function Summary({ check, items }: { check: DeviceCheck; items: Items }) {
  const t = checkText.t.summary;
  const { code } = items.network;
  const blocked = code === 'udp_blocked' || code === 'media_blocked';
  const measuring = verdictOf(items.network) === 'running';
  const mixed = !allWell(items) && !measuring;
  return (
    <>
      {mixed && !blocked ? <Banner tone="info">{t.mixed}</Banner> : null}
      <ul role="list" class="p-card p-results">
        {(['camera', 'microphone', 'speaker', 'network'] as const).map((item) => {
          const verdict = verdictOf(items[item]);
          return (
            <li key={item}>
              <span>{t.items[item]}</span>
              {verdict === 'running' ? (
                <Spinner />
              ) : (
                <Badge tone={verdict === 'ok' ? 'ok' : verdict === 'failed' ? 'warn' : 'plain'}>
                  {verdict === 'failed' && item === 'network' && code !== 'media_blocked' ? t.slow : t[verdict]}
                </Badge>
              )}
            </li>
          );
        })}
      </ul>
      <p class="p-quiet" role="status">
        {measuring ? t.running : code === 'network_poor' ? t.slowText : ''}
      </p>
      {blocked ? <BlockedLater check={check} /> : null}
    </>
  );
}
