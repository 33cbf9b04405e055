import { defineConfig } from 'vitest/config';

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  test: {
    environment: 'happy-dom',
    include: ['sdk/tests/**/*.test.ts', 'app/src/**/*.test.{ts,tsx}'],
    // Nothing is shared between files; an order that matters is a bug.
    sequence: { shuffle: true },
    restoreMocks: true,
    unstubGlobals: true,
  },
});
