/**
 * What is loaded while the person looks at the check: the visit itself and its pages, with their
 * words.
 */
import { callText, consentText, deviceText, waitText } from '../../i18n/parts';

export { createVisit } from '@bedside/client';
export { createRing, type Ring } from '../ring';
export { VisitPages } from './VisitPages';

/** Loads the words of these pages. */
export async function loadWords(): Promise<void> {
  await Promise.all([consentText.load(), waitText.load(), callText.load(), deviceText.load()]);
}
