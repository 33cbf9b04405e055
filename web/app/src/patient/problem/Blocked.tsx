/** A network that holds audio and video back: what it means, and what to hand on. */
import type { DeviceCheck } from '@bedside/client/check';
import { deviceText } from '../../i18n/parts';
import { WaysAdvice } from '../../netcheck/WaysList';
import '../../netcheck/netcheck.css';
import { Banner, useValue } from '../../ui';

export function Blocked({ check }: { check: DeviceCheck }) {
  const ways = useValue(check.ways);
  const { code } = useValue(check.network);
  if (code === null) return null;
  const problem = deviceText.t.problems[code];
  return (
    <>
      <Banner tone={code === 'media_blocked' ? 'danger' : 'warn'} title={problem.what} live="polite">
        <ul class="n-blockers">
          {problem.fix.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ul>
      </Banner>
      <WaysAdvice ways={ways} />
    </>
  );
}
