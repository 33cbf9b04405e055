/**
 * Gets one or two tracks out of the browser, with all the patience that devices need. Owns
 * retries, the time-out of the question, and the asking one by one. Keeps no state.
 */

import type { Env } from './env';
import {
  codeOf,
  explainRefusal,
  failureOf,
  findBlocker,
  type Capture,
  type Surroundings,
} from './failures';
import type { CheckCode } from './protocol';

/** The person may leave the browser's question open for this long, in milliseconds. */
export const PROMPT_TIMEOUT_MS = 20_000;
/** Waits before a busy device is tried again, in milliseconds. */
export const IN_USE_RETRIES_MS: readonly number[] = [300, 1000, 2000];

/** A track, or why there is none. */
export type Captured = { readonly track: MediaStreamTrack } | { readonly code: CheckCode };

/** Which device, if not the system's choice. `exact` fails rather than take another. */
export interface Wish {
  readonly deviceId?: string | null;
  readonly facing?: 'user' | 'environment';
  readonly exact?: boolean;
}

/** What a capture needs from outside. */
export interface CaptureDeps {
  readonly env: Env;
  readonly around: Surroundings;
  getUserMedia(constraints: MediaStreamConstraints): Promise<MediaStream>;
}

/** The plain wish of a device: size and clean sound, all of it optional for the browser. */
export function constraintsFor(device: Capture, wish: Wish): MediaTrackConstraints {
  const constraints: MediaTrackConstraints =
    device === 'camera'
      ? { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } }
      : { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  if (wish.deviceId) constraints.deviceId = wish.exact ? { exact: wish.deviceId } : { ideal: wish.deviceId };
  else if (wish.facing) constraints.facingMode = wish.exact ? { exact: wish.facing } : { ideal: wish.facing };
  return constraints;
}

/** Stops every track of a stream that nobody wants (any more). */
function discard(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

class PromptTimeout extends Error {}

/** Asks once. A question that is answered too late goes to `late` instead. */
function ask(
  deps: CaptureDeps,
  constraints: MediaStreamConstraints,
  late: (stream: MediaStream) => void,
): Promise<MediaStream> {
  return new Promise((resolve, reject) => {
    let over = false;
    const cancel = deps.env.after(PROMPT_TIMEOUT_MS, () => {
      over = true;
      reject(new PromptTimeout());
    });
    deps.getUserMedia(constraints).then(
      (stream) => {
        cancel();
        if (over) late(stream);
        else resolve(stream);
      },
      (caught: unknown) => {
        cancel();
        reject(caught);
      },
    );
  });
}

function wait(env: Env, delayMs: number): Promise<void> {
  return new Promise((done) => {
    env.after(delayMs, done);
  });
}

function trackOf(stream: MediaStream, device: Capture): MediaStreamTrack | undefined {
  return device === 'camera' ? stream.getVideoTracks()[0] : stream.getAudioTracks()[0];
}

/** A track that ended before anybody saw it is a broken device. */
function checked(stream: MediaStream, device: Capture): Captured {
  const track = trackOf(stream, device);
  return track === undefined || track.readyState === 'ended' ? { code: 'hardware' } : { track };
}

function only(device: Capture, constraints: MediaTrackConstraints | true): MediaStreamConstraints {
  return device === 'camera' ? { video: constraints } : { audio: constraints };
}

/** Gets one device. Never rejects. */
export async function captureOne(
  deps: CaptureDeps,
  device: Capture,
  wish: Wish,
  late: (stream: MediaStream) => void = discard,
): Promise<Captured> {
  const blocker = findBlocker(deps.around);
  if (blocker !== null) return { code: blocker };
  let constraints: MediaTrackConstraints | true = constraintsFor(device, wish);
  for (let busy = 0; ; ) {
    try {
      return checked(await ask(deps, only(device, constraints), late), device);
    } catch (caught) {
      if (caught instanceof PromptTimeout) return { code: 'prompt_timeout' };
      const failure = failureOf(caught);
      if (failure === 'refused') return { code: await explainRefusal(caught, device, deps.around) };
      const retryMs = failure === 'in_use' ? IN_USE_RETRIES_MS[busy++] : undefined;
      if (failure === 'overconstrained' && constraints !== true && !wish.exact) {
        constraints = true; // No wish at all: any device will do.
      } else if (retryMs !== undefined) {
        await wait(deps.env, retryMs);
      } else {
        return { code: codeOf(failure, device) };
      }
    }
  }
}

/**
 * Gets both with one question. If that fails, each is asked for alone where that can help, the
 * microphone first: one missing or busy device must not take the other along. Never rejects.
 */
export async function captureBoth(
  deps: CaptureDeps,
  wishes: Readonly<Record<Capture, Wish>>,
  late: (stream: MediaStream) => void = discard,
): Promise<Record<Capture, Captured>> {
  const blocker = findBlocker(deps.around);
  if (blocker !== null) return { camera: { code: blocker }, mic: { code: blocker } };
  const constraints = {
    video: constraintsFor('camera', wishes.camera),
    audio: constraintsFor('mic', wishes.mic),
  };
  try {
    const stream = await ask(deps, constraints, late);
    return { camera: checked(stream, 'camera'), mic: checked(stream, 'mic') };
  } catch (caught) {
    if (caught instanceof PromptTimeout) {
      return { camera: { code: 'prompt_timeout' }, mic: { code: 'prompt_timeout' } };
    }
    if (failureOf(caught) === 'refused') return refusedBoth(deps, wishes, caught, late);
    const mic = await captureOne(deps, 'mic', wishes.mic, late);
    return { mic, camera: await captureOne(deps, 'camera', wishes.camera, late) };
  }
}

/** A joint "no": a device that was not the reason is asked for alone, without a second question. */
async function refusedBoth(
  deps: CaptureDeps,
  wishes: Readonly<Record<Capture, Wish>>,
  caught: unknown,
  late: (stream: MediaStream) => void,
): Promise<Record<Capture, Captured>> {
  const [camera, mic] = await Promise.all([
    explainRefusal(caught, 'camera', deps.around),
    explainRefusal(caught, 'mic', deps.around),
  ]);
  // Somebody who closed the question must not get two more. A lasting "no" to one device, or one
  // of the system, which does not say to which, leaves the other to be asked for.
  const lasting = (code: CheckCode) => code === 'permission_blocked_site' || code === 'blocked_by_embed';
  const system = camera === 'permission_blocked_os' || mic === 'permission_blocked_os';
  const askMic = system || (lasting(camera) && !lasting(mic));
  const askCamera = system || (lasting(mic) && !lasting(camera));
  return {
    mic: askMic ? await captureOne(deps, 'mic', wishes.mic, late) : { code: mic },
    camera: askCamera ? await captureOne(deps, 'camera', wishes.camera, late) : { code: camera },
  };
}
