import type { ConditionElement, PolicyVersion } from './document.js';
import type { Keys } from './keys.js';
import { hasManyValues, isKeyOfRequest } from './known-keys.js';
import { type Matcher, type Operator, operatorOf } from './operators.js';
import { all, any, NO, negate, type Truth, truthOf, UNKNOWN, YES } from './truth.js';

/** One line of a `Condition` block, ready to run. */
type ConditionTest = (keys: Keys) => Truth;

export interface CompiledCondition {
  readonly element: ConditionElement;
  readonly test: ConditionTest;
}

type Quantifier = 'ForAllValues' | 'ForAnyValue' | null;

const NAME = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

/** How an operator is written: `ForAnyValue:StringLikeIfExists`. Null when it is not one of AWS's. */
export function readOperator(written: string) {
  const match = NAME.exec(written);
  if (match === null) return null;
  const quantifier = (match[1] ?? null) as Quantifier;
  const name = match[2] ?? '';
  const ifExists = match[3] !== undefined;
  if (name === 'Null') return quantifier || ifExists ? null : { name, quantifier, ifExists, operator: null };
  const operator = operatorOf(name);
  return operator && { name, quantifier, ifExists, operator };
}

/** An operator that AWS does not have, or a value that it could not read, makes a test that cannot be told. */
export function compileCondition(element: ConditionElement, version: PolicyVersion): CompiledCondition {
  const key = element.key.toLowerCase();
  const parsed = readOperator(element.operator);
  if (parsed === null) return { element, test: () => UNKNOWN };
  // A key that AWS does not have is in no request: a misspelt one must neither open an Allow nor switch off a Deny.
  const { operator, quantifier, ifExists } = parsed;
  if (operator === null) return { element, test: compileNull(key, element.values) };
  const absent = whenMissing(quantifier, operator.negated, ifExists);
  return { element, test: compileValues(element, version, { operator, quantifier, absent }) };
}

interface ValueTest {
  readonly operator: Operator;
  readonly quantifier: Quantifier;
  readonly absent: Truth;
}

function compileValues({ key, values }: ConditionElement, version: PolicyVersion, what: ValueTest): ConditionTest {
  const lower = key.toLowerCase();
  const matchers = values.map((value) => what.operator.compile(value, version));
  const needsSet = what.quantifier === null && hasManyValues(lower);
  return (keys) => {
    const found = keys.get(lower);
    if (found === undefined) return isKeyOfRequest(lower, keys) ? what.absent : UNKNOWN;
    if (found === null || needsSet) return UNKNOWN;
    return testValues(found, what, (value) => testValue(value, matchers, what.operator.negated, keys));
  };
}

/**
 * Positive operators want the key, negated ones hold without it; an empty set satisfies every "for all", no "for any".
 * `IfExists` holds without the key; of `ForAnyValue` AWS says that it never does, and not which of the two wins.
 */
function whenMissing(quantifier: Quantifier, negated: boolean, ifExists: boolean): Truth {
  if (quantifier === 'ForAnyValue') return ifExists ? UNKNOWN : NO;
  return truthOf(quantifier === 'ForAllValues' || negated || ifExists);
}

function testValues(values: readonly string[], { quantifier }: ValueTest, test: (value: string) => Truth): Truth {
  const [only] = values;
  if (quantifier === null) return values.length === 1 && only !== undefined ? test(only) : UNKNOWN;
  const empty = values.every((value) => value === '');
  // AWS: ForAllValues holds where the key's values resolve to a null data set, such as an empty string.
  if (quantifier === 'ForAllValues') return empty ? YES : all(values, test);
  const found = any(values, test);
  // Of ForAnyValue it does not say whether such a key is absent or empty.
  return empty && found === YES ? UNKNOWN : found;
}

function testValue(value: string, matchers: readonly Matcher[], negated: boolean, keys: Keys): Truth {
  const matched = any(matchers, (matches) => matches(value, keys));
  return negated ? negate(matched) : matched;
}

/** `Null`: "true" wants the key absent, "false" wants it present. */
function compileNull(key: string, values: readonly string[]): ConditionTest {
  const wanted = values.map((value) => value.toLowerCase());
  if (!wanted.every((value) => value === 'true' || value === 'false')) return () => UNKNOWN;
  const whenAbsent = truthOf(wanted.includes('true'));
  const whenPresent = truthOf(wanted.includes('false'));
  return (keys) => {
    const found = keys.get(key);
    if (found === null) return UNKNOWN;
    if (found !== undefined) return whenPresent;
    return isKeyOfRequest(key, keys) ? whenAbsent : UNKNOWN;
  };
}
