/** The sentence for something that failed in the call. */
import { isBedsideError } from '@bedside/client';
import { callText, deviceText } from '../i18n/parts';

type Problem = keyof typeof deviceText.t.problems;

/** `null` when there is nothing to say, because the person closed a picker themselves. */
export function wordsOf(failure: unknown): string | null {
  const t = callText.t.failed;
  if (!isBedsideError(failure)) return t.other;
  const { code } = failure;
  if (code === 'share_dismissed' || code === 'aborted') return null;
  const problems = deviceText.t.problems;
  if (code in problems) return problems[code as Problem].what;
  if (code === 'share_unsupported' || code === 'not_allowed' || code === 'too_fast') return t[code];
  return t.other;
}
