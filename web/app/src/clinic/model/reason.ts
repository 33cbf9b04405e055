/** A reason in somebody's own words: what is wrong with it. The server asks the same. */
import { MAX_NOTE_CHARS, MIN_REASON_CHARS } from '@bedside/client/protocol';

export type ReasonFault = 'short' | 'long';

/** What is wrong with a reason; null when it may be sent. */
export function reasonFault(text: string): ReasonFault | null {
  const chars = [...text.trim()].length;
  return chars < MIN_REASON_CHARS ? 'short' : chars > MAX_NOTE_CHARS ? 'long' : null;
}
