import { readOperator } from '../conditions.js';
import type { ConditionElement, PatternElement, PolicyDocument, PolicyStatement } from '../document.js';
import { compileTemplate } from '../variables.js';

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
  const conditions: ConditionElement[] = [];
  for (const condition of statement.conditions) {
    const may = possible(condition, version, settled);
    if (may === 'never') return null;
    if (may === 'as-evaluated') conditions.push(inlined(condition, version, settled));
  }
  const open = statement.resource && anyFree(statement.resource.patterns, version, settled);
  return { ...statement, conditions, ...(open ? { resource: EVERYTHING } : {}) };
}

function leastOf(statement: PolicyStatement, { version }: PolicyDocument, settled: Settled): PolicyStatement | null {
  const avoidable = statement.conditions.some((condition) => possible(condition, version, settled) !== 'as-evaluated');
  const open = statement.resource && anyFree(statement.resource.patterns, version, settled);
  return avoidable || open ? null : statement;
}

const TAKES_VARIABLES = /(?:^|:)(?:String|Arn)/;
const NAME = /\$\{aws:SourceIdentity\}/gi;

function inlined(condition: ConditionElement, version: PolicyDocument['version'], { sourceIdentity }: Settled) {
  if (sourceIdentity === null || version !== '2012-10-17' || !TAKES_VARIABLES.test(condition.operator))
    return condition;
  if (!condition.values.some((value) => value.includes('${'))) return condition;
  return { ...condition, values: condition.values.map((value) => value.replaceAll(NAME, () => sourceIdentity)) };
}

const EVERYTHING: PatternElement = { not: false, patterns: ['*'] };

/** Can a condition be met by a choice of free keys? `as-evaluated` where it has none. */
function possible({ operator, key, values }: ConditionElement, version: PolicyDocument['version'], settled: Settled) {
  const parsed = readOperator(operator);
  if (parsed === null) return 'perhaps';
  if (isSettled(key.toLowerCase(), settled)) return anyFree(values, version, settled) ? 'perhaps' : 'as-evaluated';
  if (parsed.operator === null || parsed.operator.negated || parsed.ifExists) return 'perhaps';
  if (parsed.quantifier === 'ForAllValues') return 'perhaps';
  // A variable that is known to be unset equals nothing, so that no value of the key helps.
  return values.some((value) => resolvable(value, version, settled)) ? 'perhaps' : 'never';
}

function resolvable(value: string, version: PolicyDocument['version'], { absent }: Settled): boolean {
  return variablesOf(value, version)?.every(({ key, fallback }) => fallback !== null || !absent.has(key)) ?? true;
}

/** Does a value depend on free keys, or on what nobody can tell? */
function anyFree(values: readonly string[], version: PolicyDocument['version'], settled: Settled): boolean {
  return values.some((value) => variablesOf(value, version)?.some(({ key }) => !isSettled(key, settled)) ?? true);
}

function isSettled(name: string, { present, absent }: Settled): boolean {
  return present.has(name) || absent.has(name);
}

/** Null where the variables are malformed. */
function variablesOf(value: string, version: PolicyDocument['version']) {
  const { pieces } = compileTemplate(value, version);
  return pieces?.flatMap((piece) => (piece.type === 'variable' ? [piece] : [])) ?? null;
}

/** Operators that AWS does not have, in the order of the document: of a statement with one nothing can be proven. */
export function unknownOperators({ statements }: PolicyDocument) {
  return statements.flatMap(({ conditions }, index) =>
    conditions.flatMap(({ operator }) => (readOperator(operator) === null ? [{ index, operator }] : [])),
  );
}
