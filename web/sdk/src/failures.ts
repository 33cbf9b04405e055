/**
 * Why a device cannot be had: from whatever browsers throw to one of our codes. Pure, except for
 * the look at the surroundings, which is handed in.
 *
 * Names across browsers: W3C mediacapture-main §10.2, and the older ones that some webviews keep.
 */

import type { CheckCode } from './protocol';

/** One of the two devices that the browser asks for. */
export type Capture = 'camera' | 'mic';

export type PermissionAnswer = 'granted' | 'denied' | 'prompt' | 'unknown';

/** The page's surroundings, as far as they stand in the way of a visit. */
export interface Surroundings {
  readonly secure: boolean;
  readonly userAgent: string;
  /** Whether `getUserMedia` is there. */
  readonly canCapture: boolean;
  /** Whether `RTCPeerConnection` is there. */
  readonly canCall: boolean;
  /** Whether a page around this one, or our own headers, forbid the device. */
  forbidden(device: Capture): boolean;
  permission(device: Capture): Promise<PermissionAnswer>;
}

/** Apps that open links in a window of their own: Facebook, Instagram, Line, WeChat, TikTok,
 * Snapchat, the Google app, LinkedIn, and plain Android webviews. */
const IN_APP =
  /\b(?:FBAN|FBAV|FB_IAB|Instagram|Line\/|MicroMessenger|musical_ly|BytedanceWebview|Snapchat|GSA\/|LinkedInApp)|; wv\)/;

export function isInApp(userAgent: string): boolean {
  return IN_APP.test(userAgent);
}

/** What makes a visit impossible before anything is asked; `null` when nothing does. */
export function findBlocker(around: Surroundings): CheckCode | null {
  if (!around.secure) return 'insecure_context';
  if (!around.canCapture) return isInApp(around.userAgent) ? 'in_app_browser' : 'no_webrtc';
  if (!around.canCall) return 'no_webrtc';
  if (around.forbidden('camera') && around.forbidden('mic')) return 'blocked_by_embed';
  return null;
}

/** The name of whatever was thrown; errors of other windows are no `DOMException` of ours. */
function nameOf(caught: unknown): string {
  return typeof caught === 'object' && caught !== null && 'name' in caught ? String(caught.name) : '';
}

function messageOf(caught: unknown): string {
  return typeof caught === 'object' && caught !== null && 'message' in caught ? String(caught.message) : '';
}

/** What went wrong in principle. `refused` needs a second look, see {@link explainRefusal}. */
export type Failure = 'refused' | 'missing' | 'in_use' | 'hardware' | 'overconstrained';

export function failureOf(caught: unknown): Failure {
  switch (nameOf(caught)) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
    case 'PermissionDismissedError':
    case 'SecurityError':
      return 'refused';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
      return 'missing';
    case 'NotReadableError':
    case 'TrackStartError':
      return 'in_use';
    case 'OverconstrainedError':
    case 'ConstraintNotSatisfiedError':
      return 'overconstrained';
    default:
      return 'hardware';
  }
}

/** Whether the system, not the person or the site's setting, said no. Chromium says so in words. */
function bySystem(caught: unknown): boolean {
  return /\bsystem\b/i.test(messageOf(caught));
}

/** Who said no to `device`, and hence what helps. */
export async function explainRefusal(
  caught: unknown,
  device: Capture,
  around: Surroundings,
): Promise<CheckCode> {
  if (around.forbidden(device)) return 'blocked_by_embed';
  if (bySystem(caught)) return 'permission_blocked_os';
  if (isInApp(around.userAgent)) return 'in_app_browser';
  switch (await around.permission(device)) {
    case 'denied':
      return 'permission_blocked_site';
    case 'granted':
      // The site may, and yet it was refused: that leaves the system.
      return 'permission_blocked_os';
    default:
      return 'permission_dismissed';
  }
}

/** Our code for a failure that was no refusal. */
export function codeOf(failure: Exclude<Failure, 'refused'>, device: Capture): CheckCode {
  if (failure === 'missing') return device === 'camera' ? 'no_camera' : 'no_microphone';
  return failure;
}

/** The document's policy; Chromium only, and not in TypeScript's DOM. */
interface PolicyDocument {
  readonly permissionsPolicy?: { allowsFeature(feature: string): boolean };
  readonly featurePolicy?: { allowsFeature(feature: string): boolean };
}

const FEATURE = { camera: 'camera', mic: 'microphone' } as const;

/** The real surroundings. */
export function browserSurroundings(): Surroundings {
  return {
    secure: globalThis.isSecureContext,
    userAgent: navigator.userAgent,
    canCapture: typeof navigator.mediaDevices?.getUserMedia === 'function',
    canCall: typeof globalThis.RTCPeerConnection === 'function',
    forbidden(device) {
      const page = document as PolicyDocument;
      const policy = page.permissionsPolicy ?? page.featurePolicy;
      return policy !== undefined && !policy.allowsFeature(FEATURE[device]);
    },
    async permission(device) {
      try {
        const name = FEATURE[device] as PermissionName;
        return (await navigator.permissions.query({ name })).state;
      } catch {
        return 'unknown'; // Firefox and old Safari do not tell.
      }
    },
  };
}
