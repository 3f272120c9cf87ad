import { readOperator } from '../conditions.js';
import type { ConditionElement, PatternElement, PolicyDocument, PolicyStatement, PolicyVersion } from '../document.js';
import { satisfiable, variablesOf } from './satisfy.js';

/** Which condition keys of a request are settled. Every other one is free: whoever asks may choose its value. */
export interface Settled {
  /** Lower-case names of keys that are there. */
  readonly present: ReadonlySet<string>;
  /** Lower-case names of keys that are not. */
  readonly absent: ReadonlySet<string>;
  /** The caller's SourceIdentity where it is settled: written into patterns once, not looked up in each request. */
  readonly sourceIdentity: string | null;
}

/** A policy from which what is free was taken, and the index of each of its statements in the whole policy. */
export interface Projection {
  readonly document: PolicyDocument;
  readonly origins: readonly number[];
}

/**
 * The most that a policy lets anyone do when all free keys are chosen in the asker's favour: in an Allow a condition on a
 * free key is taken for met where any value meets it, a Deny with one is taken for avoided, and what nobody can tell (an
 * unknown operator) counts likewise. So what the projection denies, the policy denies for every value of the free keys.
 */
export function project(document: PolicyDocument, settled: Settled): Projection {
  const kept = document.statements.flatMap((statement, at) => {
    const one =
      statement.effect === 'Allow' ? mostOf(statement, document, settled) : leastOf(statement, document, settled);
    return one === null ? [] : [{ one, at }];
  });
  return { document: { ...document, statements: kept.map(({ one }) => one) }, origins: kept.map(({ at }) => at) };
}

function mostOf(statement: PolicyStatement, { version }: PolicyDocument, settled: Settled): PolicyStatement | null {
  const all = statement.conditions.map((condition) => inlined(condition, version, settled));
  const conditions = all.filter((condition) => !isFree(condition, version, settled));
  const onFree = all.filter(({ key }) => !isSettled(key.toLowerCase(), settled));
  if (onFree.length > 0 && !satisfiable(onFree, version, settled.absent)) return null;
  const open = statement.resource && anyFree(statement.resource.patterns, version, settled);
  return { ...statement, conditions, ...(open ? { resource: EVERYTHING } : {}) };
}

function leastOf(statement: PolicyStatement, { version }: PolicyDocument, settled: Settled): PolicyStatement | null {
  const avoidable = statement.conditions.some((condition) => isFree(condition, version, settled));
  const open = statement.resource && anyFree(statement.resource.patterns, version, settled);
  return avoidable || open ? null : statement;
}

const TAKES_VARIABLES = /(?:^|:)(?:String|Arn)/;
const NAME = /\$\{aws:SourceIdentity\}/gi;

function inlined(condition: ConditionElement, version: PolicyVersion, { sourceIdentity }: Settled) {
  if (sourceIdentity === null || version !== '2012-10-17' || !TAKES_VARIABLES.test(condition.operator))
    return condition;
  if (!condition.values.some((value) => value.includes('${'))) return condition;
  // Inside of another variable it stays: what that means nobody can tell, before or after.
  const inline = (value: string) =>
    variablesOf(value, version) === null ? value : value.replaceAll(NAME, () => sourceIdentity);
  return { ...condition, values: condition.values.map(inline) };
}

const EVERYTHING: PatternElement = { not: false, patterns: ['*'] };

/** Does a condition depend on a choice of the asker, or on what nobody can tell? */
function isFree({ operator, key, values }: ConditionElement, version: PolicyVersion, settled: Settled): boolean {
  if (readOperator(operator) === null || !isSettled(key.toLowerCase(), settled)) return true;
  return anyFree(values, version, settled);
}

/** Does a value depend on free keys, or on what nobody can tell? */
function anyFree(values: readonly string[], version: PolicyVersion, settled: Settled): boolean {
  return values.some((value) => variablesOf(value, version)?.some(({ key }) => !isSettled(key, settled)) ?? true);
}

function isSettled(name: string, { present, absent }: Settled): boolean {
  return present.has(name) || absent.has(name);
}

/** Operators that AWS does not have, in the order of the document: of a statement with one nothing can be proven. */
export function unknownOperators({ statements }: PolicyDocument) {
  return statements.flatMap(({ conditions }, index) =>
    conditions.flatMap(({ operator }) => (readOperator(operator) === null ? [{ index, operator }] : [])),
  );
}
