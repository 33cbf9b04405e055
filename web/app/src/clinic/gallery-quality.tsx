/** How a call was with everything open, on a record in which more went wrong than sound. */
import type { QualityPoint, VisitQuality } from '@bedside/client';
import { Dialog } from '../ui';
import { clinicWords } from './i18n';
import { People } from './quality/People';
import { callQuality } from '../../gallery/quality';

const nothing = () => {};

/** Where the sound was bad the picture suffers too; then the camera is off for a while. */
function suffered([atS, sound, soundWorst, picture, loss, delayMs, jitterMs, frozen, kpx]: QualityPoint): QualityPoint {
  if (sound < 300) return [atS, sound, soundWorst, picture, loss, delayMs, 48 + (atS % 60) / 10, 60 + atS / 2, 58];
  if (atS >= 480 && atS < 540) return [atS, sound, soundWorst, 0, loss, delayMs, jitterMs, 0, 0];
  return [atS, sound, soundWorst, picture, loss, delayMs, jitterMs, frozen, kpx];
}

function sufferedQuality(): VisitQuality {
  const quality = callQuality();
  for (const { record } of quality.stretches) for (const track of record.tracks) track.points = track.points.map(suffered);
  return quality;
}

export function UnfoldedQuality() {
  const t = clinicWords.t;
  return (
    <Dialog open shape="wide" onClose={nothing} title={t.callQuality.title('Rosa Alvarez')} closeLabel={t.common.close}>
      <People quality={sufferedQuality()} unfolded />
    </Dialog>
  );
}
