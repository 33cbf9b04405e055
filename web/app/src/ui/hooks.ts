/** Small hooks that several areas need. */
import type { Value } from '@bedside/client';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';

/** Follows a value of the SDK. */
export function useValue<T>(watched: Value<T>): T {
  const [, redraw] = useState({});
  const shown = useRef(watched.value);
  shown.current = watched.value;
  useLayoutEffect(
    () =>
      watched.subscribe((now) => {
        if (now !== shown.current) redraw({});
      }),
    [watched],
  );
  return watched.value;
}

/** The time in milliseconds since the Unix epoch, renewed every `every_ms`. */
export function useNow(every_ms: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every_ms);
    return () => clearInterval(timer);
  }, [every_ms]);
  return now;
}

/** Whether a media query holds. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const update = () => setHolds(list.matches);
    update();
    list.addEventListener('change', update);
    return () => list.removeEventListener('change', update);
  }, [query]);
  return holds;
}

/** The size of an element in CSS pixels; zeros before the first layout. */
export function useSize(ref: RefObject<HTMLElement | null>): { readonly width_px: number; readonly height_px: number } {
  const [size, setSize] = useState({ width_px: 0, height_px: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = () => setSize({ width_px: element.clientWidth, height_px: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}

/** Moves the focus to an element when `key` changes, so that readers start at the new heading. */
export function useFocusOn<E extends HTMLElement>(key: unknown): RefObject<E | null> {
  const ref = useRef<E>(null);
  useLayoutEffect(() => {
    ref.current?.focus({ preventScroll: true });
    // A new screen starts at its top.
    window.scrollTo(0, 0);
  }, [key]);
  return ref;
}
