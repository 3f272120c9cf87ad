import { defineConfig } from 'vitest/config';

/** The vectors on a real account. The caller's environment stays, since it holds the credentials. */
export default defineConfig({
  test: {
    include: ['test/live/**/*.live.ts'],
    testTimeout: 4 * 3600 * 1000,
    disableConsoleIntercept: true,
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
