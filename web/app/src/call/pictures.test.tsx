/** What the call's screen does about pictures that are not wanted. */
import { render, type ComponentChildren } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { participant, visitDouble, type VisitDoubleParts } from '../../gallery/doubles';
import { callText, deviceText } from '../i18n/parts';
import { CallNotices } from './Notices';
import { PersonTile } from './PersonTile';
import { SettingsDialog } from './SettingsDialog';
import { createCallUi } from './ui';

const root = document.createElement('div');
const draw = (children: ComponentChildren) => act(() => render(children, root));
const text = () => root.textContent ?? '';
const press = (words: string) =>
  act(() => {
    const found = [...root.querySelectorAll('button')].find((one) => one.textContent === words);
    if (!found) throw new Error(`not in the page: ${words}`);
    found.click();
  });

beforeAll(async () => {
  await Promise.all([callText.load(), deviceText.load()]);
});
beforeEach(() => document.body.append(root));
afterEach(() => {
  act(() => render(null, root));
  root.remove();
});

const POOR: VisitDoubleParts['quality'] = { level: 'poor', reasons: ['uplink_loss'], figures: null };

it('sound only says so instead of a weak connection, and offers the way back', () => {
  draw(<CallNotices visit={visitDouble({ quality: POOR })} />);
  expect(text()).toContain(callText.t.weak);
  const quiet = visitDouble({ quality: POOR, pictures: 'none' });
  draw(<CallNotices visit={quiet} />);
  expect(text()).toContain(callText.t.soundOnly);
  expect(text()).not.toContain(callText.t.weak);
  press(callText.t.picturesBack);
  expect(quiet.told).toEqual(['pictures full']);
});

it('no last frame stands still on the screen when no pictures come in', () => {
  const track = {} as MediaStreamTrack;
  const person = participant({ tracks: { mic: null, camera: track, screen: null } });
  draw(<PersonTile visit={visitDouble()} person={person} source="camera" />);
  expect(root.querySelector('video')?.hidden).toBe(false);
  draw(<PersonTile visit={visitDouble({ pictures: 'none' })} person={person} source="camera" />);
  expect(root.querySelector('video')?.hidden).toBe(true);
  expect(text()).toContain('RA');
});

it('a tile tells with which pictures the person takes part', () => {
  const tile = (over: Parameters<typeof participant>[0]) =>
    draw(<PersonTile visit={visitDouble()} person={participant(over)} source="camera" />);
  const { soundOnlyChoice, seesSmall, hearsOnly } = callText.t;
  tile({ camera: false });
  for (const words of [soundOnlyChoice, seesSmall, hearsOnly]) expect(text()).not.toContain(words);
  tile({ camera: false, pictures: 'none' });
  expect(text()).toContain(soundOnlyChoice);
  tile({ pictures: 'small' });
  expect(text()).toContain(seesSmall);
  tile({ narrow: true });
  expect(text()).toContain(hearsOnly);
});

it('the settings tell which way picture and sound take', () => {
  const ui = createCallUi();
  ui.settings.value = true;
  for (const path of ['server', 'direct', 'relayed'] as const) {
    draw(<SettingsDialog ui={ui} visit={visitDouble({ path })} />);
    expect(root.querySelector('[data-path]')?.textContent).toBe(callText.t.paths[path]);
  }
});
