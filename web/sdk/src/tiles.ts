/**
 * What is on the glass. Owns the watching of video elements and tells the server how large each
 * remote picture is shown, so that it sends no more than can be seen.
 */

import type { Cancel, Env } from './env';
import { MAX_TILES, type Source, type TileView } from './protocol';
import { trackKey } from './media';
import type { PictureWish } from './types';

/** What a face is asked for in `small`, in device pixels: nothing is smaller than the lowest layer. */
const SMALL_PX = { width: 160, height: 90 };
/** Changes within this time are told together, in milliseconds. */
const DEBOUNCE_MS = 100;

const NO_LIMIT = { width: Infinity, height: Infinity };

interface Tile {
  readonly seat: string;
  readonly source: Source;
  readonly element: Element;
  pinned: boolean;
  width: number;
  height: number;
  onScreen: boolean;
}

/** The browser's observers, as far as they are used. */
export interface Observers {
  resize(listener: (element: Element, width: number, height: number) => void): ObserverLike;
  intersection(listener: (element: Element, visible: boolean) => void): ObserverLike;
  pixelRatio(): number;
}

export interface ObserverLike {
  observe(element: Element): void;
  unobserve(element: Element): void;
  disconnect(): void;
}

export const browserObservers: Observers = {
  resize: (listener) =>
    new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) listener(target, contentRect.width, contentRect.height);
    }),
  intersection: (listener) =>
    new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) listener(target, isIntersecting);
    }),
  pixelRatio: () => globalThis.devicePixelRatio || 1,
};

export class Tiles {
  readonly #env: Env;
  readonly #observers: Observers;
  readonly #send: (tiles: TileView[]) => boolean;
  readonly #tiles = new Set<Tile>();
  readonly #resize: ObserverLike;
  readonly #intersection: ObserverLike;
  readonly #unlisten: Cancel;
  #pinned: string | null = null;
  #wish: PictureWish = 'full';
  #timer: Cancel | null = null;
  #told = '';

  constructor(env: Env, send: (tiles: TileView[]) => boolean, observers: Observers = browserObservers) {
    this.#env = env;
    this.#send = send;
    this.#observers = observers;
    this.#resize = observers.resize((element, width, height) => this.#update(element, { width, height }));
    this.#intersection = observers.intersection((element, onScreen) => this.#update(element, { onScreen }));
    this.#unlisten = env.page.on('visibility', () => this.#soon());
  }

  /** Watches an element that shows `seat`'s picture. Returns the way to stop. */
  add(element: Element, seat: string, source: Source, pinned: boolean): Cancel {
    const tile: Tile = { seat, source, element, pinned, width: 0, height: 0, onScreen: false };
    this.#tiles.add(tile);
    this.#resize.observe(element);
    this.#intersection.observe(element);
    this.#soon();
    return () => {
      if (!this.#tiles.delete(tile)) return;
      if (![...this.#tiles].some((other) => other.element === element)) {
        this.#resize.unobserve(element);
        this.#intersection.unobserve(element);
      }
      this.#soon();
    };
  }

  /** The picture that matters most to this viewer, by its track key. */
  pin(key: string | null): void {
    this.#pinned = key;
    this.#soon();
  }

  /** Asks for less than is on the glass, or for all of it again. */
  limit(wish: PictureWish): void {
    this.#wish = wish;
    this.#soon();
  }

  /** The server knows nothing (any more): tell everything again. */
  renew(): void {
    this.#told = '';
    this.#soon();
  }

  dispose(): void {
    this.#timer?.();
    this.#unlisten();
    this.#resize.disconnect();
    this.#intersection.disconnect();
    this.#tiles.clear();
  }

  #update(element: Element, change: Partial<Pick<Tile, 'width' | 'height' | 'onScreen'>>): void {
    for (const tile of this.#tiles) if (tile.element === element) Object.assign(tile, change);
    this.#soon();
  }

  #soon(): void {
    this.#timer ??= this.#env.after(DEBOUNCE_MS, () => {
      this.#timer = null;
      this.#tell();
    });
  }

  #tell(): void {
    const views = this.views();
    const text = JSON.stringify(views);
    if (text === this.#told) return;
    if (this.#send(views)) this.#told = text;
  }

  /** One entry per picture: the largest of the elements that show it. */
  views(): TileView[] {
    const ratio = this.#observers.pixelRatio();
    const pageVisible = this.#env.page.visible();
    const byKey = new Map<string, TileView>();
    for (const tile of this.#tiles) {
      const key = trackKey(tile.seat, tile.source);
      const shown = pageVisible && tile.onScreen && this.#wish !== 'none';
      // A shared screen has to be read: it is never made small.
      const most = this.#wish === 'small' && tile.source === 'camera' ? SMALL_PX : NO_LIMIT;
      const width_px = shown ? Math.min(Math.round(tile.width * ratio), most.width) : 0;
      const height_px = shown ? Math.min(Math.round(tile.height * ratio), most.height) : 0;
      const pinned = tile.pinned || this.#pinned === key;
      const other = byKey.get(key);
      byKey.set(key, {
        seat: tile.seat,
        source: tile.source,
        width_px: Math.max(width_px, other?.width_px ?? 0),
        height_px: Math.max(height_px, other?.height_px ?? 0),
        pinned: pinned || (other?.pinned ?? false),
      });
    }
    const area = (view: TileView) => view.width_px * view.height_px;
    // A stable order keeps an unchanged screen silent; too many tiles lose the smallest.
    return [...byKey.values()]
      .sort((a, b) => area(b) - area(a) || trackKey(a.seat, a.source).localeCompare(trackKey(b.seat, b.source)))
      .slice(0, MAX_TILES);
  }
}
