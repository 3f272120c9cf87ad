import { defineConfig } from 'vitest/config';
import { STORIES } from './vitest.config.js';

/** Whole stories with a process a command, some of them killed and run again: too slow for `npm test`. */
export default defineConfig({
  test: {
    include: [...STORIES],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
    sequence: { shuffle: true },
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
