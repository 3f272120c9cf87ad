import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/faults/**/*kill.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // The default leaves one core to a person; many tests wait for processes of their own.
    maxWorkers: Math.max(2, availableParallelism()),
    sequence: { shuffle: true },
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
