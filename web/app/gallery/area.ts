/**
 * How an area of the app shows its screens in the gallery. Each area has a file
 * `src/<area>/gallery.tsx` that exports a constant `gallery` of type {@link GalleryArea}; the gallery
 * finds it by itself. Screens get their data from typed test doubles, never from a server.
 */
import type { JSX } from 'preact';

export interface GalleryArea {
  /** Which base size and looks apply: the value of `data-area` on the root element. */
  readonly look: 'patient' | 'clinic';
  /** Loads the messages that the screens use. */
  load(): Promise<void>;
  /** One function per screen or state; the name is its address and the name of its screenshot. */
  readonly screens: Readonly<Record<string, () => JSX.Element>>;
}
