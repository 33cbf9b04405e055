/** The controls of the call: icon and verb, always visible, at the same place. */
import type { ComponentChildren } from 'preact';
import type { VisitClient } from '@bedside/client';
import { callText } from '../i18n/parts';
import {
  announce,
  IconCamera,
  IconCameraOff,
  IconChat,
  IconDevices,
  IconFlip,
  IconMic,
  IconMicOff,
  IconShare,
  IconShareStop,
  toast,
  useValue,
  type Icon,
} from '../ui';
import { CHAT_PANEL, togglePanel, type CallUi } from './ui';
import { wordsOf } from './words';

export interface BarButtonProps {
  icon: Icon;
  /** The verb under the icon. */
  label: string;
  onClick: () => void;
  /** Something is off that is usually on: marked, so that nobody talks while muted. */
  off?: boolean;
  /** A panel that this button opens is open. */
  expanded?: boolean;
  /** A count to show at the icon; 0 shows nothing. */
  count?: number;
  /** What the count means, for screen readers. */
  countLabel?: string;
}

/** One control. Areas use it for their own controls too. */
export function BarButton({ icon: BarIcon, label, onClick, off = false, expanded, count = 0, countLabel }: BarButtonProps) {
  return (
    <button
      type="button"
      class={`c-bar__button${off ? ' c-bar__button--off' : ''}`}
      aria-expanded={expanded}
      onClick={onClick}
    >
      <span class="c-bar__icon">
        <BarIcon size={1.5} />
        {count > 0 ? (
          <span class="c-bar__count" aria-hidden="true">
            {count > 99 ? '99+' : count}
          </span>
        ) : null}
      </span>
      <span class="c-bar__label">{label}</span>
      {count > 0 && countLabel ? <span class="ui-hidden">{countLabel}</span> : null}
    </button>
  );
}

export interface ControlBarProps {
  visit: VisitClient;
  ui: CallUi;
  /** More controls, after the common ones. */
  extra?: ComponentChildren;
}

export function ControlBar({ visit, ui, extra }: ControlBarProps) {
  const t = callText.t;
  const { mic, camera, screen, devices } = visit.me;
  const micOn = useValue(mic.on);
  const cameraOn = useValue(camera.on);
  const screenOn = useValue(screen.on);
  const canFlip = useValue(devices.canFlip);
  const may = useValue(visit.me.may);
  const unread = useValue(visit.unread);

  const attempt = (work: Promise<void>, done?: string) => {
    work.then(
      () => done && announce(done),
      (failure: unknown) => {
        const words = wordsOf(failure);
        if (words !== null) toast(words, 'warn');
      },
    );
  };

  return (
    <div class="c-bar" role="group" aria-label={t.controls}>
      <BarButton
        icon={micOn ? IconMic : IconMicOff}
        label={micOn ? t.mute : t.unmute}
        off={!micOn}
        onClick={() => attempt(mic.set(!micOn), micOn ? t.heard.muted : t.heard.unmuted)}
      />
      <BarButton
        icon={cameraOn ? IconCamera : IconCameraOff}
        label={cameraOn ? t.cameraStop : t.cameraStart}
        off={!cameraOn}
        onClick={() => attempt(camera.set(!cameraOn), cameraOn ? t.heard.cameraOff : t.heard.cameraOn)}
      />
      {canFlip && cameraOn ? <BarButton icon={IconFlip} label={t.flip} onClick={() => attempt(devices.flip())} /> : null}
      {screen.supported && may.includes('share_screen') ? (
        <BarButton
          icon={screenOn ? IconShareStop : IconShare}
          label={screenOn ? t.shareStop : t.share}
          onClick={() => attempt(screen.set(!screenOn))}
        />
      ) : null}
      <BarButton
        icon={IconChat}
        label={t.chat}
        expanded={ui.panel.value === CHAT_PANEL}
        count={unread}
        countLabel={t.chatUnread(unread)}
        onClick={() => togglePanel(ui, CHAT_PANEL)}
      />
      <BarButton
        icon={IconDevices}
        label={t.settings}
        onClick={() => {
          ui.settings.value = true;
        }}
      />
      {extra ?? null}
    </div>
  );
}
