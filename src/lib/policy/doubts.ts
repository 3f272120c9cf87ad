import type { CompiledStatement } from './compile.js';
import { type CompiledCondition, readOperator } from './conditions.js';
import type { Keys } from './keys.js';
import { isKeyOfRequest } from './known-keys.js';
import { UNKNOWN } from './truth.js';

/** What of a statement cannot be told. */
export interface Doubt {
  readonly element: 'Resource' | 'Condition';
  /**
   * `operator`: AWS has none of this name, or does not say what it does here. `key`: AWS has none of this name, the
   * request has it twice, or this kind of policy may not ask for it. `variable`: a policy variable that is unset in a
   * Resource, malformed, many-valued, or whose value has wildcards. `value`: something that cannot be compared.
   * `missing`: there is no such element.
   */
  readonly problem: 'operator' | 'key' | 'variable' | 'value' | 'missing';
  /** The operator and the key as written, where it is a condition. */
  readonly operator?: string;
  readonly key?: string;
}

/** A statement that could not be told, and by which keys. */
export interface Doubted<R> {
  readonly ref: R;
  readonly one: CompiledStatement;
  readonly keys: Keys;
}

/** Why these statements cannot be told, element by element. */
export function doubtsOf<R>(doubted: readonly Doubted<R>[], resource: string): readonly (R & Doubt)[] {
  return doubted.flatMap(({ ref, one, keys }) => {
    const unclear = one.conditions.filter(({ test }) => test(keys) === UNKNOWN);
    const doubts = [...resourceDoubts(one, resource, keys), ...unclear.map((condition) => doubtOf(condition, keys))];
    return doubts.map((doubt) => ({ ...ref, ...doubt }));
  });
}

function resourceDoubts({ statement, resource: test }: CompiledStatement, arn: string, keys: Keys): readonly Doubt[] {
  if (statement.resource === undefined) return [{ element: 'Resource', problem: 'missing' }];
  if (test(arn, keys) !== UNKNOWN) return [];
  const variable = statement.resource.patterns.some((pattern) => pattern.includes('${'));
  return [{ element: 'Resource', problem: variable ? 'variable' : 'value' }];
}

function doubtOf({ element: { operator, key, values } }: CompiledCondition, keys: Keys): Doubt {
  const problem = problemOf(readOperator(operator) !== null, keys, key.toLowerCase(), values);
  return { element: 'Condition', problem, operator, key };
}

function problemOf(known: boolean, keys: Keys, key: string, values: readonly string[]): Doubt['problem'] {
  if (!known) return 'operator';
  const found = keys.get(key);
  if (found === null) return 'key';
  if (found === undefined) return isKeyOfRequest(key, keys) ? 'operator' : 'key';
  return values.some((value) => value.includes('${')) ? 'variable' : 'value';
}
