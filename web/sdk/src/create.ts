/** Puts a visit together from what the browser has. */

import { createDevices } from './devices';
import { browserEnv } from './env';
import type { ShareScreen } from './me';
import { browserObservers } from './tiles';
import type { VisitClient, VisitOptions } from './types';
import { Visit } from './visit';
import { browserLock } from './wake';

function browserShare(): ShareScreen | undefined {
  const media = navigator.mediaDevices as MediaDevices | undefined;
  if (typeof media?.getDisplayMedia !== 'function') return undefined;
  return (options) => media.getDisplayMedia(options);
}

/** Opens a visit. Connects at once. */
export function createVisit(options: VisitOptions): VisitClient {
  return new Visit(options, {
    env: browserEnv(),
    devices: options.devices ?? createDevices(),
    share: browserShare(),
    observers: browserObservers,
    lock: browserLock,
  });
}
