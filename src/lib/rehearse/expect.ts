import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import type { DirectOutcome, Outcome } from './stage.js';

/** @throws CustodyError UNPROVEN when a command of the rehearsal ended otherwise than it must */
export function expectExit(outcome: Outcome, exit: number): Outcome {
  if (outcome.exit === exit) return outcome;
  throw new CustodyError('UNPROVEN', `${outcome.command}: expected exit ${exit}, found ${outcome.exit}`, {
    details: { command: outcome.command, expected: exit, found: outcome.exit, answer: outcome.json },
  });
}

export function expectThat(condition: boolean, what: string): void {
  if (!condition) throw new CustodyError('UNPROVEN', `expected: ${what}`);
}

export function expectDenied(outcome: DirectOutcome, what: string): void {
  expectThat(
    !outcome.ok && outcome.code === 'DENIED',
    `${what} is denied by KMS (${outcome.ok ? 'it was allowed' : outcome.code})`,
  );
}

/** A value inside a JSON answer, by path. */
export function at(json: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, name) => {
    if (Array.isArray(value)) return value[Number(name)];
    return isObject(value) ? value[name] : undefined;
  }, json);
}

export function textAt(json: unknown, ...path: readonly (string | number)[]): string {
  const value = at(json, ...path);
  if (typeof value === 'string') return value;
  throw new CustodyError('UNPROVEN', `expected text at ${path.join('.')}`);
}

export function listAt(json: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const value = at(json, ...path);
  if (Array.isArray(value)) return value;
  throw new CustodyError('UNPROVEN', `expected a list at ${path.join('.')}`);
}
