/** Builds the gallery of screens for tests. It is never part of the product's build. */
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { shared } from '../vite.shared.ts';

export default defineConfig({
  ...shared,
  build: {
    ...shared.build,
    outDir: 'test-results/gallery',
    emptyOutDir: true,
    rolldownOptions: { input: resolve(import.meta.dirname, 'index.html') },
  },
});
