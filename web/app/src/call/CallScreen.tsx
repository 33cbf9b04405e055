/**
 * The call's screen: header with leave, notices, pictures, captions, panel, controls. Patients and
 * clinic share it; each fills the slots with its own.
 */
import type { ComponentChildren } from 'preact';
import type { VisitClient } from '@bedside/client';
import { callText } from '../i18n/parts';
import { Button, Confirm, IconLeave, Toasts, useValue } from '../ui';
import './call.css';
import { ChatPanel } from './ChatPanel';
import { ControlBar } from './ControlBar';
import { CallNotices, InterruptedOverlay, ReconnectOverlay, useCallAnnouncements } from './Notices';
import { SettingsDialog } from './SettingsDialog';
import { Stage } from './Stage';
import { CHAT_PANEL, type CallUi } from './ui';

export interface CallScreenProps {
  visit: VisitClient;
  ui: CallUi;
  /** Whom to show large by default; `null` follows whoever speaks. */
  lead: string | null;
  /** At the start of the header: whose visit, how long. */
  header?: ComponentChildren;
  /** Between header and leave: controls of the area. */
  headerActions?: ComponentChildren;
  /** More notices of the area, below the common ones. */
  notices?: ComponentChildren;
  /** What stands in the stage while nobody else is in the call. */
  alone?: ComponentChildren;
  /** More controls in the bar. */
  barExtra?: ComponentChildren;
  /** Panels of the area by name; open one with `ui.panel`. */
  panels?: Readonly<Record<string, () => ComponentChildren>>;
  /** More settings of the area. */
  settingsExtra?: ComponentChildren;
  /** Below the controls, such as a line of help. */
  footer?: ComponentChildren;
  /**
   * Leave in the header, with the question before it. An area that ends visits in another way puts
   * its own control there.
   */
  leave?: ComponentChildren;
  /** Called after the question was answered with yes. Leaves the visit by default. */
  onLeave?: () => void;
  /** What the question says; that one may come back, by default. */
  leaveText?: string;
}

export function CallScreen(props: CallScreenProps) {
  const { visit, ui, lead, panels } = props;
  const t = callText.t;
  const asks = useValue(visit.asks);
  useCallAnnouncements(visit, () => ui.panel.value === CHAT_PANEL);
  const open = ui.panel.value;
  const close = () => {
    ui.panel.value = null;
  };
  const panel =
    open === CHAT_PANEL ? <ChatPanel visit={visit} onClose={close} /> : open !== null ? panels?.[open]?.() : null;
  const captioned = asks.some((ask) => ask.purpose === 'captions');

  return (
    <div class={`c-call${panel ? ' c-call--panel' : ''}`}>
      <header class="c-head">
        <div class="c-head__words">{props.header ?? null}</div>
        {props.headerActions ?? null}
        {props.leave ?? (
          <Button
            kind="danger"
            icon={IconLeave}
            onClick={() => {
              ui.leaving.value = true;
            }}
          >
            {t.leave}
          </Button>
        )}
      </header>
      <main class="c-main">
        <div class="c-messages">
          <CallNotices visit={visit} />
          {props.notices ?? null}
          <Toasts closeLabel={t.close} />
        </div>
        <div class="c-middle">
          <div class="c-scene">
            <Stage visit={visit} mode={ui.mode.value} lead={lead} alone={props.alone} />
            <ReconnectOverlay visit={visit} />
            <InterruptedOverlay visit={visit} />
          </div>
          {/* The place of captions is kept from the start, so that nothing jumps when they come. */}
          {captioned ? <div class="c-captions" role="log" aria-label={t.captions} /> : null}
        </div>
      </main>
      {panel ? <aside class="c-side">{panel}</aside> : null}
      <footer class="c-foot">
        <ControlBar visit={visit} ui={ui} extra={props.barExtra} />
        {props.footer ?? null}
      </footer>
      <SettingsDialog ui={ui} visit={visit} extra={props.settingsExtra} />
      <Confirm
        open={ui.leaving.value}
        title={t.leaveTitle}
        confirmLabel={t.leave}
        cancelLabel={t.stay}
        onCancel={() => {
          ui.leaving.value = false;
        }}
        onConfirm={() => {
          ui.leaving.value = false;
          if (props.onLeave) props.onLeave();
          else visit.leave();
        }}
      >
        <p>{props.leaveText ?? t.leaveText}</p>
      </Confirm>
    </div>
  );
}
