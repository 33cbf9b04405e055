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
            // What every page begins with stays in one part, whatever fetches pieces of it later.
            {
              name: 'base',
              test: /preload-helper|rolldown.runtime|node_modules\/@?preact|src\/ui\/|src\/i18n\/(?:catalogue|format|index|locale|parts)\.ts$|sdk\/src\/(?:capture|devices|env|errors|failures|http|protocol|signal|time)\.ts$/,
            },
          ],
        },
      },
    },
  },
});
