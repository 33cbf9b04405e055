/** Comparisons that need a quiet machine, and other programs: not part of any test run. Needs root. */
import { defineConfig } from '@playwright/test';
import base from './lab.config';

export default defineConfig({ ...base, testMatch: '*.measure.ts' });
