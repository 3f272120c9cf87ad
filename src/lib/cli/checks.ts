import chalk from 'chalk';
import { EXIT, type ExitStatus } from '../base/errors.js';
import type { Check, CheckVerdict } from '../inspect/check.js';
import { mark, wrap } from './render.js';

/** A report for people: a line a check, then the verdict. */
export function checksText(verdict: CheckVerdict, checks: readonly Check[]): string {
  const colour = verdict === 'verified' ? chalk.green : verdict === 'refused' ? chalk.red : chalk.yellow;
  const width = Math.min(20, Math.max(14, ...checks.map(({ id }) => id.length)));
  return [
    ...checks.map(({ id, status, detail }) => `${mark(status)} ${id.padEnd(width)} ${wrap(detail, width + 3)}`),
    '',
    colour(verdict),
  ].join('\n');
}

/** Unproven is not verified: both a "no" and a missing answer are exit 3. */
export function verdictExit(verdict: CheckVerdict): ExitStatus {
  return verdict === 'verified' ? EXIT.ok : EXIT.refused;
}
