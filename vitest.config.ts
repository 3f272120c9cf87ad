import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Many processes each; `npm run test:stories` runs them, and so does CI. */
export const STORIES: readonly string[] = [
  'test/scenarios/**/*.test.ts',
  'test/faults/**/*kill.test.ts',
  'test/faults/{execute,actions-access,actions-regions,actions-state,ledger-s3}.test.ts',
  'test/lib/request/{access,import,regions}.test.ts',
  'test/lib/{cli/trust,git/attacks,sandbox/process}.test.ts',
  'test/commands/{access,backup,backup-own,canary,help,ledger,notify,offline,policy-render,regions,requests,rules,screens,sigstore,state,terminal}.test.ts',
  'test/threats/{classes,garbage,installed}.test.ts',
  'test/lib/drill/{story,losses,cycle,material,automation}.test.ts',
  'test/lib/git/publish.test.ts',
];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', ...STORIES],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // The default leaves one core to a person; many tests wait for processes of their own.
    maxWorkers: Math.max(2, availableParallelism()),
    sequence: { shuffle: true },
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
