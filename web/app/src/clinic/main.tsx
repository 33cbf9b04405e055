/** Starts the clinic's page. The only place that knows real network, cameras and sound. */
import { render } from 'preact';
import * as api from '@bedside/client/clinic';
import { createDevices, createVisit } from '@bedside/client';
import { applyToDocument, locale } from '../i18n';
import { startTheme, toast } from '../ui';
import { App } from './app';
import './clinic.css';
import { createDesk, type MadeCall } from './desk';
import { clinicWords } from './i18n';
import { linkSecret, providerBack } from './model/sign-in';
import { createRing } from './ring';
import { codeOf, createSession } from './session';
import { errorText } from './words';

function makeCall(visit: string): MadeCall {
  const devices = createDevices();
  const client = createVisit({ visit, devices, enter: true });
  // At the same time as the way into the room: neither waits for the other.
  void devices.open();
  return {
    client,
    dispose() {
      client.dispose();
      devices.dispose();
    },
  };
}

async function loadRoom() {
  const [{ Room }, { callText, deviceText }] = await Promise.all([import('./call/Room'), import('../i18n/parts')]);
  await Promise.all([callText.load(), deviceText.load()]);
  return Room;
}

async function loadOffice() {
  const [{ Office }, { auditWords, officeWords, systemWords }, officeApi] = await Promise.all([
    import('../office/Office'),
    import('../office/words'),
    import('@bedside/client/office'),
  ]);
  await Promise.all([officeWords.load(), auditWords.load(), systemWords.load()]);
  return { Office, api: { ...officeApi, whoAmI: api.whoAmI } };
}

/** Goes to another address. Whoever comes back by the browser's button gets a fresh page, not the busy one. */
function leave(url: string): void {
  addEventListener('pageshow', (shown) => {
    if (shown.persisted) location.reload();
  });
  location.assign(url);
}

async function main(): Promise<void> {
  startTheme();
  applyToDocument(locale.value);
  const root = document.getElementById('app');
  if (!root) throw new Error('the page has no #app');
  const session = createSession({ ...api, leave }, () => performance.now());
  const secret = linkSecret(location.hash);
  // The secret stays in memory only: not in the address bar, not in the history.
  if (secret !== null) history.replaceState(null, '', location.pathname);
  const back = providerBack(location.pathname, location.search);
  if (back !== null) history.replaceState(null, '', '/clinic');
  await clinicWords.load();
  const ring = createRing();
  const openDesk = () => createDesk(api.createBoard(), makeCall, (caught) => toast(errorText(codeOf(caught)), 'warn'));
  render(<App session={session} openDesk={openDesk} ring={ring} loadRoom={loadRoom} loadOffice={loadOffice} />, root);
  await session.start(secret, back);
}

void main();
