import type { ConditionElement, PolicyVersion } from './document.js';
import type { Keys } from './keys.js';
import { type Matcher, operatorOf } from './operators.js';
import { all, any, NO, negate, type Truth, truthOf, UNKNOWN, YES } from './truth.js';

/** One line of a `Condition` block, ready to run. */
export type ConditionTest = (keys: Keys) => Truth;

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
export function compileCondition(element: ConditionElement, version: PolicyVersion): ConditionTest {
  const key = element.key.toLowerCase();
  const parsed = readOperator(element.operator);
  if (parsed === null) return () => UNKNOWN;
  if (parsed.operator === null) return compileNull(key, element.values);
  const { operator, quantifier, ifExists } = parsed;
  const matchers = element.values.map((value) => operator.compile(value, version));
  const missing = ifExists ? YES : whenMissing(quantifier, operator.negated);
  return (keys) => {
    const values = keys.get(key);
    if (values === undefined) return missing;
    if (values === null) return UNKNOWN;
    return testValues(values, quantifier, (value) => testValue(value, matchers, operator.negated, keys));
  };
}

/** Positive operators want the key, negated ones hold without it; an empty set satisfies every "for all", no "for any". */
function whenMissing(quantifier: Quantifier, negated: boolean): Truth {
  if (quantifier === null) return truthOf(negated);
  return truthOf(quantifier === 'ForAllValues');
}

function testValues(values: readonly string[], quantifier: Quantifier, test: (value: string) => Truth): Truth {
  const [only] = values;
  if (quantifier === null) return values.length === 1 && only !== undefined ? test(only) : UNKNOWN;
  // AWS: a key whose values resolve to a null data set, such as an empty string, is treated as absent by set operators.
  if (values.every((value) => value === '')) return whenMissing(quantifier, false);
  return quantifier === 'ForAllValues' ? all(values, test) : any(values, test);
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
    return found === undefined ? whenAbsent : whenPresent;
  };
}

/** All tests of a statement; UNKNOWN counts against an Allow and for a Deny. */
export function conditionsHold(tests: readonly ConditionTest[], keys: Keys, effect: 'Allow' | 'Deny'): boolean {
  const truth = all(tests, (test) => test(keys));
  return effect === 'Deny' ? truth !== NO : truth === YES;
}
