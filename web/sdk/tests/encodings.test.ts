import { describe, expect, it } from 'vitest';
import { layersFor, shapeEncodings, type PictureSize } from '../src/encodings';
import type { Relief } from '../src/pressure';

/** The three layers of a camera as they are sent: scale and ceiling, or nothing. */
function camera(size: PictureSize, relief: Relief = 0): (readonly [number | undefined, number | undefined] | null)[] {
  const parameters = { encodings: [{}, {}, {}] } as unknown as RTCRtpSendParameters;
  shapeEncodings('camera', parameters, relief, size);
  return parameters.encodings.map((e) => (e.active === false ? null : [e.scaleResolutionDownBy, e.maxBitrate]));
}

describe('the layers of a camera', () => {
  it('are three for a large one, turned on its side too', () => {
    const three = [[4, 120_000], [2, 400_000], [1, 1_500_000]];
    expect(camera({ width: 1280, height: 720 })).toEqual(three);
    expect(camera({ width: 720, height: 1280 })).toEqual(three);
    expect(camera({})).toEqual(three);
  });

  it('leave the whole picture of a small one in the largest', () => {
    expect(camera({ width: 640, height: 480 })).toEqual([[2, 150_000], [1, 700_000], null]);
    expect(camera({ width: 320, height: 240 })).toEqual([[1, 500_000], null, null]);
  });

  it('are relieved from the top, and something is always sent', () => {
    expect(camera({ width: 640, height: 480 }, 1)).toEqual([[2, 150_000], [1.5, 350_000], null]);
    expect(camera({ width: 640, height: 480 }, 2)).toEqual([[2, 150_000], null, null]);
    expect(camera({ width: 320, height: 240 }, 2)).toEqual([[2, 150_000], null, null]);
  });

  it('are counted at the limits', () => {
    expect([layersFor({ width: 960, height: 540 }, 3), layersFor({ width: 960, height: 539 }, 3)]).toEqual([3, 2]);
    expect([layersFor({ width: 480, height: 270 }, 3), layersFor({ width: 480, height: 269 }, 3)]).toEqual([2, 1]);
  });
});

it('spends less on a camera without layers', () => {
  const parameters = { encodings: [{}] } as unknown as RTCRtpSendParameters;
  shapeEncodings('camera', parameters, 0, { width: 320, height: 240 });
  expect(parameters.encodings).toEqual([{ active: true, maxBitrate: 1_200_000, scaleResolutionDownBy: 1 }]);
  shapeEncodings('camera', parameters, 2);
  expect(parameters.encodings).toEqual([{ active: true, maxBitrate: 360_000, scaleResolutionDownBy: 2 }]);
  shapeEncodings('camera', parameters, 3);
  expect(parameters.encodings).toMatchObject([{ active: false }]);
  shapeEncodings('screen', parameters, 2);
  expect(parameters.encodings[0]?.maxBitrate).toBe(2_500_000);
});
