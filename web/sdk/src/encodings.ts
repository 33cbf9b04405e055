/**
 * What a sender may spend, and how large each layer of a camera is. Pure: it fills in the browser's
 * parameters and leaves it to `media.ts` to set them.
 */

import type { Relief } from './pressure';
import type { Source } from './protocol';

/** Ceiling of a shared screen, in bit/s. */
const SCREEN_BPS = 2_500_000;
/** Frames of a shared screen per second: text changes seldom and must stay sharp. */
const SCREEN_FRAMES_PER_S = 15;
/** Ceiling of a camera that is sent in one layer only, in bit/s. */
const SINGLE_BPS = 1_200_000;

/**
 * Ceilings of the layers that a camera is sent in, smallest first, in bit/s, by how many there are.
 * Fewer layers come from a smaller camera, so the largest of them needs less.
 */
const LAYER_BPS: readonly (readonly number[])[] = [[], [500_000], [150_000, 700_000], [120_000, 400_000, 1_500_000]];

/**
 * Pictures smaller than these many pixels are not split into two and three layers: browsers leave
 * the upper ones away then, whatever they are told (libwebrtc's table of simulcast formats).
 */
const TWO_LAYERS_PX = 480 * 270;
const THREE_LAYERS_PX = 960 * 540;

/** How much narrower and lower the largest layer is under {@link Relief}, if it is sent at all. */
const RELIEF_SCALE: Readonly<Record<Relief, number>> = { 0: 1, 1: 1.5, 2: 2, 3: 2 };
/** Which part of its bit rate it keeps then: about its part of the pixels. */
const RELIEF_RATE: Readonly<Record<Relief, number>> = { 0: 1, 1: 0.5, 2: 0.3, 3: 0.3 };

/** What the camera gives, as far as the browser says. */
export type PictureSize = Pick<MediaTrackSettings, 'width' | 'height'>;

/** In how many of `most` layers a picture of this size is sent. Of unknown size: in all. */
export function layersFor({ width = 0, height = 0 }: PictureSize, most: number): number {
  const pixels = width * height;
  if (pixels === 0 || pixels >= THREE_LAYERS_PX) return most;
  return Math.min(most, pixels >= TWO_LAYERS_PX ? 2 : 1);
}

/**
 * Fills in bit rates, scales and preferences; `encodings` come smallest first. The layers that a
 * small camera does not fill are switched off, and the largest that is left has the whole picture:
 * else a camera of 640 × 480 would be shown as 320 × 240. Relief makes the largest layer smaller,
 * then leaves it out where there are others. A screen stays as it is: text has to be read.
 */
export function shapeEncodings(
  source: Source,
  parameters: RTCRtpSendParameters,
  relief: Relief = 0,
  size: PictureSize = {},
): void {
  const { encodings } = parameters;
  if (source === 'mic') {
    for (const encoding of encodings) {
      // Sound before pictures, also where the system queues packets.
      encoding.priority = 'high';
      encoding.networkPriority = 'high';
    }
    return;
  }
  parameters.degradationPreference = source === 'screen' ? 'maintain-resolution' : 'balanced';
  if (source === 'screen') {
    for (const encoding of encodings) {
      encoding.maxBitrate = SCREEN_BPS;
      encoding.maxFramerate = SCREEN_FRAMES_PER_S;
    }
    return;
  }
  const split = encodings.length > 1;
  const layers = layersFor(size, encodings.length);
  const top = layers - 1;
  encodings.forEach((encoding, index) => {
    const ceiling_bps = split ? (LAYER_BPS[layers]?.[index] ?? SINGLE_BPS) : SINGLE_BPS;
    encoding.maxBitrate = ceiling_bps * (index === top ? RELIEF_RATE[relief] : 1);
    encoding.scaleResolutionDownBy = 2 ** Math.max(0, top - index) * (index === top ? RELIEF_SCALE[relief] : 1);
    // For the processor the only layer is never switched off: it is made smaller still.
    encoding.active = relief < 3 && (!split || index < top || (index === top && (relief < 2 || layers === 1)));
  });
}
