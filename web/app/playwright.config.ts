/** Runs the gallery's tests in the system's Chromium against the built gallery. */
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results/playwright',
  fullyParallel: true,
  // Two: more only fight for the same two cores.
  workers: 2,
  retries: 0,
  forbidOnly: true,
  reporter: [['line']],
  use: {
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
    },
  },
});
