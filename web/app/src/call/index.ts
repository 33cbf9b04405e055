/** The call's screen and its parts, shared by patients and clinic. Loaded when a call is near. */
export { CallScreen, type CallScreenProps } from './CallScreen';
export { BarButton, ControlBar, type BarButtonProps, type ControlBarProps } from './ControlBar';
export { ChatPanel } from './ChatPanel';
export { DeviceMenu, SettingsDialog, type DeviceMenuProps } from './SettingsDialog';
export { CallNotices, InterruptedOverlay, ReconnectOverlay, useCallAnnouncements } from './Notices';
export { initials, PersonTile } from './PersonTile';
export { SelfPicture, SelfTile } from './SelfTile';
export { Stage } from './Stage';
export { arrange, type Arrangement, type LayoutMode } from './layout';
export { CHAT_PANEL, createCallUi, togglePanel, type CallUi } from './ui';
export { wordsOf } from './words';
