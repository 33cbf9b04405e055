/** Every state of the network check, on typed stand-ins. */
import type { CheckCode } from '@bedside/client/check';
import type { Way, WaysCheck, WaysProgress } from '@bedside/client/ways';
import type { GalleryArea } from '../../gallery/area';
import { Held } from '../../gallery/doubles';
import { WAYS_RUNNING, WAYS_WITHOUT_SOCKET, waysFound } from '../../gallery/ways';
import { helloText, waysText } from '../i18n/parts';
import type { Clinic } from '../patient/clinic';
import '../patient/patient.css';
import { NetCheck } from './NetCheck';
import './netcheck.css';

const clinic: Clinic = { name: 'Harbour Street Clinic', helpPhone: '+1 555 010 2030' };

function page(progress: WaysProgress, ways: readonly Way[] = waysFound(null)) {
  const check: WaysCheck = {
    ways: new Held(ways),
    progress: new Held<WaysProgress>(progress),
    run: () => Promise.resolve(),
    verdict: () => null,
    dispose: () => undefined,
  };
  return <NetCheck clinic={clinic} check={check} />;
}

const done = (verdict: CheckCode | null, by: Way['by'] = 'network') => page('done', waysFound(verdict, by));

/** Found by the gallery by itself. */
export const gallery: GalleryArea = {
  look: 'patient',
  load: async () => {
    await Promise.all([helloText.load(), waysText.load()]);
  },
  screens: {
    'no-key': () => <NetCheck clinic={clinic} check={null} />,
    running: () => page('running', WAYS_RUNNING),
    good: () => done(null),
    'udp-blocked': () => done('udp_blocked'),
    'udp-blocked-unclear': () => done('udp_blocked', 'unclear'),
    'media-blocked': () => done('media_blocked'),
    'media-blocked-browser': () => done('media_blocked', 'browser'),
    'socket-blocked': () => page('done', WAYS_WITHOUT_SOCKET),
    refused: () => page('refused'),
    offline: () => page('offline'),
    busy: () => page('busy'),
  },
};
