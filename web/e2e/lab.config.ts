/** Visits behind every kind of network: the real program, real Chromium, namespaces. Needs root. */
import { defineConfig } from '@playwright/test';
import base from './playwright.config';

export default defineConfig({
  ...base,
  testDir: 'lab',
  testMatch: '*.lab.ts',
  outputDir: 'output/lab',
});
