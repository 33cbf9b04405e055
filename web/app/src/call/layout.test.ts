import { describe, expect, it } from 'vitest';
import type { Participant } from '@bedside/client';
import { bestColumns } from './grid';
import { arrange, type LayoutInput } from './layout';
import { initials } from './PersonTile';

function person(seat: string, over: Partial<Participant> = {}): Participant {
  return {
    seat,
    name: seat,
    role: 'patient',
    state: 'in_call',
    mic: true,
    camera: true,
    screen: false,
    pictures: 'full',
    narrow: false,
    camera_rests: false,
    me: false,
    speaking: false,
    tracks: { mic: null, camera: null, screen: null },
    paused: { camera: false, screen: false },
    link: null, trouble: null,
    ...over,
  };
}

const me = person('me', { me: true });
const host = person('host', { role: 'host' });
const interpreter = person('ines', { role: 'interpreter' });
const family = person('kim', { role: 'family' });

function places(people: readonly Participant[], over: Partial<LayoutInput> = {}) {
  const { main, strip, self } = arrange({
    people,
    mode: 'speaker',
    pinned: null,
    lastSpeaker: null,
    lead: null,
    ...over,
  });
  return { main: main.map((t) => t.key), strip: strip.map((t) => t.key), self };
}

describe('with one other person', () => {
  it('shows them large and oneself in the corner', () => {
    expect(places([me, host])).toEqual({ main: ['host/camera'], strip: [], self: 'floating' });
    expect(places([me, host], { mode: 'gallery' })).toEqual({ main: ['host/camera'], strip: [], self: 'floating' });
  });
  it('stands side by side when wished', () => {
    expect(places([me, host], { mode: 'side' })).toEqual({ main: ['host/camera', 'me/camera'], strip: [], self: 'main' });
  });
  it('puts a shared screen first and the face in the strip', () => {
    const sharing = { ...host, screen: true };
    expect(places([me, sharing])).toEqual({ main: ['host/screen'], strip: ['host/camera', 'me/camera'], self: 'strip' });
    expect(places([me, sharing], { mode: 'side' }).main).toEqual(['host/screen', 'host/camera']);
  });
});

describe('with several people', () => {
  it('prefers pin, then lead, then who spoke last', () => {
    const people = [me, family, host];
    expect(places(people).main).toEqual(['kim/camera']);
    expect(places(people, { lastSpeaker: 'host' }).main).toEqual(['host/camera']);
    expect(places(people, { lead: 'host', lastSpeaker: 'kim' }).main).toEqual(['host/camera']);
    expect(places(people, { lead: 'host', pinned: { seat: 'kim', source: 'camera' } }).main).toEqual(['kim/camera']);
  });
  it('forgets a pin whose picture is gone', () => {
    expect(places([me, host], { pinned: { seat: 'kim', source: 'camera' } }).main).toEqual(['host/camera']);
    expect(places([me, host], { pinned: { seat: 'host', source: 'screen' } }).main).toEqual(['host/camera']);
  });
  it('never makes an interpreter small', () => {
    const people = [me, host, family, interpreter];
    for (const mode of ['speaker', 'side', 'gallery'] as const) {
      expect(places(people, { mode, lead: 'host' }).main).toContain('ines/camera');
      const sharing = [me, { ...host, screen: true }, family, interpreter];
      expect(places(sharing, { mode, lead: 'host' }).main).toContain('ines/camera');
    }
  });
  it('shows everybody exactly once, whatever the mode', () => {
    const people = [me, { ...host, screen: true }, interpreter, family, person('a'), person('b')];
    for (const mode of ['speaker', 'side', 'gallery'] as const) {
      for (const pinned of [null, { seat: 'kim', source: 'camera' as const }]) {
        const { main, strip, self } = places(people, { mode, pinned, lead: 'host' });
        const shown = [...main, ...strip, ...(self === 'floating' ? ['me/camera'] : [])].sort();
        expect(shown).toEqual(
          ['a/camera', 'b/camera', 'host/camera', 'host/screen', 'ines/camera', 'kim/camera', 'me/camera'].sort(),
        );
      }
    }
  });
  it('never shows one\'s own screen to oneself', () => {
    const { main, strip } = places([{ ...me, screen: true }, host, family]);
    expect([...main, ...strip]).not.toContain('me/screen');
  });
});

it('copes with an empty room', () => {
  expect(places([])).toEqual({ main: [], strip: [], self: 'main' });
  expect(places([me])).toEqual({ main: ['me/camera'], strip: [], self: 'main' });
});

describe('columns', () => {
  it('stacks in a narrow box and spreads in a wide one', () => {
    expect(bestColumns(2, 320, 500)).toBe(1);
    expect(bestColumns(2, 1200, 600)).toBe(2);
    expect(bestColumns(6, 1200, 700)).toBe(3);
    expect(bestColumns(6, 360, 640)).toBe(2);
  });
  it('has one column before the first layout', () => expect(bestColumns(4, 0, 0)).toBe(1));
  it('never has more columns than pictures', () => {
    for (let count = 1; count <= 9; count += 1) expect(bestColumns(count, 5000, 100)).toBeLessThanOrEqual(count);
  });
});

describe('initials', () => {
  it.each([
    ['Rosa Alvarez', 'RA'],
    ['Dr. Imani Okoye', 'IO'],
    ['Juan Ignacio Fernández de la Vega', 'JV'],
    ['Ñuño', 'Ñ'],
    ['李明', '李'],
    ['42', ''],
    ['', ''],
  ])('%s', (name, letters) => expect(initials(name)).toBe(letters));
});
