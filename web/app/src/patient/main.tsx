/** The patients' page, and the network check at its address. Starts the parts and renders; holds no rules of its own. */
import { render } from 'preact';
import { createCheck } from '@bedside/client/check';
import * as guest from '@bedside/client/guest';
import { applyToDocument, locale } from '../i18n';
import { checkText, helloText } from '../i18n/parts';
import { startTheme } from '../ui';
import { App } from './App';
import { readClinic } from './clinic';
import './patient.css';
import { createSession } from './session';
import { createPatientState } from './state';

async function main(): Promise<void> {
  startTheme();
  applyToDocument(locale.value);
  const root = document.getElementById('app');
  if (!root) throw new Error('the page has no #app');
  if (location.pathname === '/check') return (await import('../netcheck/start')).startNetCheck(root);
  const fragment = location.hash.slice(1);
  const link = fragment === '' ? null : location.href;
  const session = createSession({
    lookLink: guest.lookLink,
    openLink: guest.openLink,
    mySeats: guest.mySeats,
    fragment,
    clearFragment: () => history.replaceState(null, '', location.pathname),
  });
  const begun = session.begin();
  await Promise.all([helloText.load(), checkText.load()]);

  const state = createPatientState(session, createCheck(), () => import('./visit'));
  render(<App clinic={readClinic(document)} state={state} link={link} />, root);
  await begun;
  // A link that is opened in a tab that is already here changes the fragment only.
  addEventListener('hashchange', () => {
    if (location.hash.length > 1) location.reload();
  });
}

void main();
