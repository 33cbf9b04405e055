import { describe, expect, it } from 'vitest';
import type { TileView } from '../src/protocol';
import { Tiles, type Observers } from '../src/tiles';
import { HOST, ME } from './support/peer';
import { World } from './support/world';

function tilesIn(world: World) {
  const sent: TileView[][] = [];
  const wire = { up: true };
  let resize: (element: Element, width: number, height: number) => void = () => {};
  let intersect: (element: Element, visible: boolean) => void = () => {};
  const watched = new Set<Element>();
  const observer = {
    observe: (element: Element) => watched.add(element),
    unobserve: (element: Element) => watched.delete(element),
    disconnect: () => watched.clear(),
  };
  const observers: Observers = {
    resize: (listener) => {
      resize = listener;
      return observer;
    },
    intersection: (listener) => {
      intersect = listener;
      return observer;
    },
    pixelRatio: () => 2,
  };
  const tiles = new Tiles(
    world,
    (views) => {
      if (wire.up) sent.push(views);
      return wire.up;
    },
    observers,
  );
  const show = (element: Element, width: number, height: number) => {
    resize(element, width, height);
    intersect(element, true);
  };
  return { tiles, sent, wire, watched, show, intersect: (e: Element, v: boolean) => intersect(e, v) };
}

const element = () => document.createElement('video');

describe('what is on the glass', () => {
  it('is told in device pixels, once per burst of changes', async () => {
    const world = new World();
    const { tiles, sent, show } = tilesIn(world);
    const video = element();
    tiles.add(video, HOST, 'camera', false);
    show(video, 100, 50);
    show(video, 320, 180.4);
    await world.advance(100);
    expect(sent).toEqual([[{ seat: HOST, source: 'camera', width_px: 640, height_px: 361, pinned: false }]]);
    show(video, 320, 180.4);
    await world.advance(1_000);
    expect(sent).toHaveLength(1);
  });

  it('is nothing when scrolled away or when the page is hidden', async () => {
    const world = new World();
    const { tiles, sent, show, intersect } = tilesIn(world);
    const video = element();
    tiles.add(video, HOST, 'camera', true);
    show(video, 100, 100);
    await world.advance(100);
    intersect(video, false);
    await world.advance(100);
    expect(sent.at(-1)).toMatchObject([{ width_px: 0, height_px: 0, pinned: true }]);
    intersect(video, true);
    await world.advance(100);
    world.page.hide(true);
    await world.advance(100);
    expect(sent.at(-1)).toMatchObject([{ width_px: 0, height_px: 0 }]);
    world.page.hide(false);
    await world.advance(100);
    expect(sent.at(-1)).toMatchObject([{ width_px: 200 }]);
  });

  it('counts a picture that is shown twice once, at its largest', async () => {
    const world = new World();
    const { tiles, sent, show } = tilesIn(world);
    const [small, large] = [element(), element()];
    tiles.add(small, HOST, 'camera', true);
    const stop = tiles.add(large, HOST, 'camera', false);
    show(small, 50, 50);
    show(large, 400, 300);
    await world.advance(100);
    expect(sent.at(-1)).toEqual([{ seat: HOST, source: 'camera', width_px: 800, height_px: 600, pinned: true }]);
    stop();
    stop();
    await world.advance(100);
    expect(sent.at(-1)).toMatchObject([{ width_px: 100 }]);
  });

  it('is asked for in less where one wishes so, but a screen stays readable', async () => {
    const world = new World();
    const { tiles, sent, show } = tilesIn(world);
    const [face, screen] = [element(), element()];
    tiles.add(face, HOST, 'camera', false);
    tiles.add(screen, HOST, 'screen', false);
    show(face, 400, 300);
    show(screen, 500, 300);
    const asked = async (wish: 'full' | 'small' | 'none') => {
      tiles.limit(wish);
      await world.advance(100);
      const widths = new Map(sent.at(-1)?.map((view) => [view.source, view.width_px]));
      return [widths.get('camera'), widths.get('screen')];
    };
    expect(await asked('small')).toEqual([160, 1000]);
    expect(await asked('none')).toEqual([0, 0]);
    expect(await asked('full')).toEqual([800, 1000]);
  });

  it('follows the pin', async () => {
    const world = new World();
    const { tiles, sent, show } = tilesIn(world);
    const video = element();
    tiles.add(video, HOST, 'screen', false);
    show(video, 10, 10);
    tiles.pin(`screen ${HOST}`);
    await world.advance(100);
    expect(sent.at(-1)).toMatchObject([{ pinned: true }]);
  });

  it('never says more than the server takes', async () => {
    const world = new World();
    const { tiles, sent, show } = tilesIn(world);
    for (let i = 0; i < 40; i += 1) {
      const video = element();
      tiles.add(video, `seat-${i}`, 'camera', false);
      show(video, i, i);
    }
    await world.advance(100);
    expect(sent.at(-1)).toHaveLength(24);
    expect(sent.at(-1)?.[0]?.seat).toBe('seat-39');
  });

  it('is told again after a new greeting, and when it could not be sent', async () => {
    const world = new World();
    const { tiles, sent, show, wire } = tilesIn(world);
    const video = element();
    wire.up = false;
    tiles.add(video, ME, 'camera', false);
    show(video, 10, 10);
    await world.advance(100);
    wire.up = true;
    tiles.renew();
    await world.advance(100);
    tiles.renew();
    await world.advance(100);
    expect(sent).toHaveLength(2);
  });

  it('is not watched any more at the end', async () => {
    const world = new World();
    const { tiles, watched } = tilesIn(world);
    tiles.add(element(), HOST, 'camera', false);
    tiles.dispose();
    expect(watched.size).toBe(0);
    expect(world.timers).toBe(0);
    expect(world.page.listeners).toBe(0);
  });
});
