/** Builds the two pages, patients' and clinic's, into `dist`, which the server program embeds. */
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { shared } from './vite.shared.ts';

export default defineConfig({
  ...shared,
  build: {
    ...shared.build,
    outDir: 'dist',
    emptyOutDir: true,
    rolldownOptions: {
      input: {
        patient: resolve(import.meta.dirname, 'patient.html'),
        clinic: resolve(import.meta.dirname, 'clinic.html'),
      },
      output: {
        codeSplitting: {
          // A group is what it names, not what that imports.
          includeDependenciesRecursively: false,
          groups: [
            // What both pages use, but a patient only after the check, stays out of the part that
            // both load first.
            { name: 'ui-more', test: /src\/ui\/(?:icons-more|Dialog|Choice)\.tsx$/ },
            // What every page needs first is one part, also when a page that is loaded late needs half of it.
            { name: 'ui', test: /node_modules\/(?:preact|@preact)\/|src\/ui\/(?:Progress|Button|icons|announce|Banner|Field|hooks|theme|index)\.tsx?$|src\/i18n\/(?:locale|catalogue|format)\.ts$|sdk\/src\/(?:errors|failures|capture|env|signal|devices|protocol|http|time)\.ts$/ },
          ],
        },
      },
    },
  },
});
