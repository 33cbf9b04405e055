import { defineConfig } from 'vitest/config';

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  test: {
    environment: 'happy-dom',
    include: ['sdk/tests/**/*.test.ts', 'app/src/**/*.test.{ts,tsx}'],
    // Nothing is shared between files; an order that matters is a bug.
    sequence: { shuffle: true },
    // On a busy machine the first import of a page's words alone takes seconds.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
