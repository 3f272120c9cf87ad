import type { Reporter, SerializedError, TestModule, TestRunEndReason } from 'vitest/node';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Every state counts somewhere: what could not be collected, or was cut off, has failed. */
export function tally(
  modules: readonly TestModule[],
  errors: readonly SerializedError[],
  reason: TestRunEndReason,
): Tally {
  let passed = 0;
  let failed = errors.length;
  let skipped = 0;
  for (const module of modules) {
    failed += module.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed++;
      else if (state === 'skipped') skipped++;
      else failed++;
    }
    for (const suite of module.children.allSuites()) failed += suite.errors().length;
  }
  // A run that found nothing has shown nothing (T23).
  if (failed === 0 && (reason !== 'passed' || passed + skipped === 0)) failed = 1;
  return { passed, failed, skipped };
}

export function formatTally({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** Prints the tally alone on the very last line, after every other reporter and teardown. */
export default class ClosingLine implements Reporter {
  #last: Tally = { passed: 0, failed: 1, skipped: 0 };

  onInit(): void {
    process.once('exit', () => process.stdout.write(`${formatTally(this.#last)}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[], reason: TestRunEndReason): void {
    this.#last = tally(modules, errors, reason);
  }
}
