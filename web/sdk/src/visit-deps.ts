/** What a visit needs from outside. This module holds types only; no code. */

import type { Env } from './env';
import type { ShareScreen } from './me';
import type { Observers } from './tiles';
import type { LocalDevices } from './types';
import type { LockScreen } from './wake';

/** What a visit needs from outside. */
export interface VisitDeps {
  readonly env: Env;
  readonly devices: LocalDevices;
  readonly share: ShareScreen | undefined;
  readonly observers: Observers;
  readonly lock: LockScreen | undefined;
  readonly audio?: () => HTMLAudioElement;
}
