/** The state of the call's screen that is not the visit's: what is open, how it is laid out. */
import { signal, type Signal } from '@preact/signals';
import type { LayoutMode } from './layout';

/** One per call. An area may open panels of its own beside the chat by a name of its own. */
export interface CallUi {
  readonly mode: Signal<LayoutMode>;
  /** Which panel is open beside the pictures. */
  readonly panel: Signal<string | null>;
  readonly settings: Signal<boolean>;
  readonly leaving: Signal<boolean>;
}

/** The panel with the chat. */
export const CHAT_PANEL = 'chat';

/** A fresh state. */
export function createCallUi(mode: LayoutMode = 'speaker'): CallUi {
  return { mode: signal(mode), panel: signal(null), settings: signal(false), leaving: signal(false) };
}

/** Opens a panel, or closes it when it is open. */
export function togglePanel(ui: CallUi, name: string): void {
  ui.panel.value = ui.panel.value === name ? null : name;
}
