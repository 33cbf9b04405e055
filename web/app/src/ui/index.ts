/** The design system: tokens, controls, messages. Knows nothing of visits; has no words of its own. */
import './tokens.css';
import './ui.css';

export { announce, dropToast, LiveRegions, toast, toasts, Toasts, type Toast, type Urgency } from './announce';
export { Badge, Banner, EmptyState, type BadgeProps, type BannerProps, type EmptyStateProps, type Tone } from './Banner';
export {
  Button,
  IconButton,
  LinkButton,
  type ButtonKind,
  type ButtonProps,
  type IconButtonProps,
  type LinkButtonProps,
} from './Button';
export { Confirm, Dialog, type ConfirmProps, type DialogProps } from './Dialog';
export {
  CheckField,
  ChoiceField,
  TextArea,
  type CheckFieldProps,
  type ChoiceFieldProps,
  type TextAreaProps,
} from './Choice';
export { Field, SelectField, TextField, type SelectFieldProps, type TextFieldProps } from './Field';
export { useFocusOn, useMedia, useNow, useSize, useValue } from './hooks';
export { Meter, Skeleton, Spinner, Steps, type MeterProps, type StepsProps } from './Progress';
export { setTheme, startTheme, theme, type Theme } from './theme';
export {
  IconMic,
  IconCamera,
  IconDevices,
  IconClose,
  IconCheck,
  IconWarning,
  IconInfo,
  IconCopy,
  IconSound,
  IconLock,
  IconGlobe,
  IconTheme,
  IconPhone,
  IconRefresh,
  IconArrowUp,
  type Icon,
  type IconProps,
} from './icons';
export * from './icons-more';
