/** Starts the page of a network check. It is the patients' page at another address. */
import { render } from 'preact';
import { createWays } from '@bedside/client/ways';
import { helloText, waysText } from '../i18n/parts';
import { readClinic } from '../patient/clinic';
import { NetCheck } from './NetCheck';
import './netcheck.css';

/** Shows the page and begins the check, if the address has a key. */
export async function startNetCheck(root: Element): Promise<void> {
  const key = location.hash.slice(1);
  // The key stays in memory only: not in the address bar, not in the history.
  if (key !== '') history.replaceState(null, '', location.pathname);
  await Promise.all([helloText.load(), waysText.load()]);
  const check = key === '' ? null : createWays({ key, thorough: true });
  render(<NetCheck clinic={readClinic(document)} check={check} />, root);
  await check?.run();
}
