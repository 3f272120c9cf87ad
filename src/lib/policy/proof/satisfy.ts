import { compileCondition, readOperator } from '../conditions.js';
import type { ConditionElement, PolicyVersion } from '../document.js';
import { NO } from '../truth.js';
import { compileTemplate } from '../variables.js';

type Assigned = ReadonlyMap<string, string>;

/**
 * Can all of these conditions on free keys be met at once? False only where no choice of values meets them: keys that can have
 * but a few values are tried one after another, whatever else depends on more is taken for possible.
 * @param absent lower-case names of keys that are not in the request
 */
export function satisfiable(
  conditions: readonly ConditionElement[],
  version: PolicyVersion,
  absent: ReadonlySet<string>,
): boolean {
  return solve(conditions, { version, absent, left: { steps: MOST_STEPS } }, new Map());
}

/** A stranger's policy may name ten keys with ten values each: what takes longer is taken for possible. */
const MOST_STEPS = 2000;

interface Facts {
  readonly version: PolicyVersion;
  readonly absent: ReadonlySet<string>;
  readonly left: { steps: number };
}

function solve(conditions: readonly ConditionElement[], facts: Facts, assigned: Assigned): boolean {
  if (--facts.left.steps < 0) return true;
  const open = conditions.filter((one) => !assigned.has(one.key.toLowerCase()));
  const settled = conditions.filter((one) => assigned.has(one.key.toLowerCase()));
  if (settled.some((one) => fails(one, facts, assigned))) return false;
  for (const one of open) {
    const values = wantsKey(one, open) ? candidates(one, facts, assigned) : null;
    if (values === null) continue;
    const key = one.key.toLowerCase();
    return values.some((value) => solve(conditions, facts, new Map([...assigned, [key, value]])));
  }
  return true;
}

/** Does a condition on an assigned key fail for certain? */
function fails(condition: ConditionElement, { version, absent }: Facts, assigned: Assigned): boolean {
  const known = (name: string) => assigned.has(name) || absent.has(name);
  if (!condition.values.every((value) => variablesOf(value, version)?.every(({ key }) => known(key)) ?? false))
    return false;
  const { test } = compileCondition(condition, version);
  const values = (name: string) => {
    const value = assigned.get(name);
    return value === undefined ? undefined : [value];
  };
  return test({ get: values }) === NO;
}

/** Does this condition, or another one on its key, fail without the key? */
function wantsKey({ key }: ConditionElement, all: readonly ConditionElement[]): boolean {
  return all.some((other) => {
    const parsed = readOperator(other.operator);
    if (other.key.toLowerCase() !== key.toLowerCase() || parsed?.operator == null) return false;
    return !parsed.operator.negated && !parsed.ifExists && parsed.quantifier !== 'ForAllValues';
  });
}

/** The only values that meet a condition on a key; null where there are more than can be told. */
function candidates(condition: ConditionElement, facts: Facts, assigned: Assigned): readonly string[] | null {
  const parsed = readOperator(condition.operator);
  // A key that is asked for by "any value" may have others beside it.
  if (parsed === null || parsed.quantifier !== null || !/^String(?:Equals|Like)$/.test(parsed.name)) return null;
  const texts = condition.values.map((value) => textOf(value, parsed.name === 'StringLike', facts, assigned));
  // A variable that is unset makes a value that equals nothing.
  return texts.includes(null) ? null : texts.filter((text) => typeof text === 'string');
}

/** A value as one text; null where it stands for several, undefined where a variable of it is unset. */
function textOf(value: string, patterns: boolean, { version, absent }: Facts, assigned: Assigned) {
  const { fixed, pieces } = compileTemplate(value, version);
  if (fixed) return patterns && /[*?]/.test(fixed.text) ? null : fixed.text;
  let text: string | undefined = '';
  for (const piece of pieces ?? [null]) {
    if (piece === null || (piece.type === 'text' && patterns && /[*?]/.test(piece.text))) return null;
    const given = piece.type === 'variable' ? settledValue(piece, absent, assigned) : piece.text;
    if (given === null) return null;
    text = given === undefined || text === undefined ? undefined : text + given;
  }
  return text;
}

interface Variable {
  readonly key: string;
  /** `undefined` where there is none, `null` where AWS has no such key: then nothing can be told of it. */
  readonly fallback: string | null | undefined;
}

/** Null where it may have any value, undefined where it is unset. */
function settledValue({ key, fallback }: Variable, absent: ReadonlySet<string>, assigned: Assigned) {
  if (absent.has(key)) return fallback;
  return assigned.get(key) ?? null;
}

/** The variables of a value; null where they are malformed. */
export function variablesOf(value: string, version: PolicyVersion) {
  const { pieces } = compileTemplate(value, version);
  return pieces?.flatMap((piece) => (piece.type === 'variable' ? [piece] : [])) ?? null;
}
