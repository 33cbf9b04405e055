/** What the product's build and the gallery's build have in common. */
import type { UserConfig } from 'vite';

/**
 * The oldest browsers that are served, all of late 2022: patients' phones are often five years old.
 * Older syntax would make the pages a tenth larger for everybody.
 */
const BROWSERS = ['safari16', 'chrome105', 'firefox110', 'edge105'];

export const shared = {
  root: import.meta.dirname,
  // Served from the server's own root; nothing comes from another origin.
  base: '/',
  build: {
    target: BROWSERS,
    cssTarget: BROWSERS,
    // Small images as `data:` would be allowed, but a file can be cached.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
} satisfies UserConfig;
