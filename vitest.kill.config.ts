import { defineConfig } from 'vitest/config';

/** Real processes that are killed at a chosen point, and run again: too slow for `npm test`. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*kill.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
    sequence: { shuffle: true },
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
