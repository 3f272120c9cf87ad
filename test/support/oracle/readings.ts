import { principalOf } from '../../lib/policy/cases.js';
import { type Call, listOf, type Statement, type Test, type Values, type Verdict } from './policy.js';

/** What the rewriting of a case must know of it. Written anew: nothing here may lean on the evaluator that is tested. */

const OPERATOR = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;
const NAMES = new Set(
  [
    'StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike Bool',
    'NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan NumericGreaterThanEquals',
    'DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals BinaryEquals',
    'IpAddress NotIpAddress ArnEquals ArnLike ArnNotEquals ArnNotLike',
  ].flatMap((line) => line.split(' ')),
);

export interface Operator {
  readonly set: string;
  readonly name: string;
  readonly ifExists: boolean;
  readonly negated: boolean;
}

/** Null for what the reference of condition operators does not list, `Null` aside. */
export function operatorOf({ operator }: Test): Operator | null {
  const [, set = '', name = '', suffix] = OPERATOR.exec(operator) ?? [];
  if (!NAMES.has(name)) return null;
  return { set, name, ifExists: suffix !== undefined, negated: name.includes('Not') };
}

export const MANY = ['aws:tagkeys', 'kms:grantoperations', 'kms:encryptioncontextkeys'];

/** Values of a key in the request; undefined when it is not there. */
export function givenFor(call: Call, key: string): readonly string[] | undefined {
  const { kind, principalArn, account } = principalOf(call.principal);
  const own: Record<string, Values> =
    kind === 'service' ? {} : { 'aws:principalarn': principalArn, 'aws:principalaccount': account };
  const names = Object.entries({ ...own, ...call.context }).map(
    ([name, values]) => [name.toLowerCase(), values] as const,
  );
  const found = names.find(([name]) => name === key.toLowerCase());
  const values = listOf(found?.[1]);
  return found === undefined || values.length === 0 ? undefined : values;
}

/** What cannot be told counts as false in an Allow and as true in a Deny. */
export function unclear({ Effect }: Statement): boolean {
  return Effect === 'Deny';
}

/** A test some of whose policy values cannot be told, as the others alone decide it on the safe side. */
export function weakened(test: Test, statement: Statement, isUnclear: (value: string) => boolean): Verdict {
  const { negated = false } = operatorOf(test) ?? {};
  const clear = test.values.filter((value) => !isUnclear(value));
  if (clear.length === test.values.length) return test;
  // In a Deny `a or ?` holds, in an Allow `not (a or ?)` does not: there nothing of the rest matters.
  if (negated !== (statement.Effect === 'Deny')) return unclear(statement);
  if (clear.length > 0) return { ...test, values: clear };
  return unclear(statement);
}

/** A test some of whose policy values match nothing at all. */
export function without(test: Test, matchesNothing: (value: string) => boolean): Verdict {
  const rest = test.values.filter((value) => !matchesNothing(value));
  if (rest.length > 0) return { ...test, values: rest };
  return operatorOf(test)?.negated ?? false;
}

/** `${name}` and `${name, 'default'}`, well formed. */
const VARIABLE = /\$\{\s*([^\s{}',:$]+:[^{}',$]+?)\s*(?:,\s*'([^'{}]*)')?\s*\}/g;

export interface Variable {
  readonly text: string;
  readonly key: string;
  readonly fallback: string | undefined;
}

export function variablesOf(value: string): readonly Variable[] {
  return [...value.matchAll(VARIABLE)].map(([text, key = '', fallback]) => ({ text, key, fallback }));
}

/** What is left when escapes and well-formed variables are taken out still starts a variable. */
export function isMalformed(value: string): boolean {
  return value
    .replace(/\$\{[*?$]\}/g, '')
    .replace(VARIABLE, '')
    .includes('${');
}

export type ReadingOf = 'unset' | 'unclear' | 'empty' | 'set';

/** What one variable is in this request. */
export function readingOf(call: Call, { key, fallback }: Variable): ReadingOf {
  const given = givenFor(call, key);
  if (given === undefined) {
    if (fallback !== undefined) return fallback === '' ? 'empty' : 'set';
    return key.toLowerCase() === 'kms:nosuchkey' ? 'unclear' : 'unset';
  }
  if (given.length > 1 || MANY.includes(key.toLowerCase())) return 'unclear';
  return given[0] === '' ? 'empty' : 'set';
}

/** The text that a set variable stands for. */
export function textOf(call: Call, { key, fallback = '' }: Variable): string {
  return givenFor(call, key)?.[0] ?? fallback;
}

export function isNumber(text: string): boolean {
  return /^[+-]?\d+(\.\d+)?$/.test(text);
}

export function isDate(text: string): boolean {
  return /^\d{5,12}$/.test(text) || (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text)));
}

export function isAddress(text: string): boolean {
  return /^[\d.]+(\/\d+)?$/.test(text) || /^[\da-fA-F]*:[\da-fA-F:]*(\/\d+)?$/.test(text);
}

export function isBoolean(text: string): boolean {
  return /^(true|false)$/i.test(text);
}

export function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text;
}

export function isArn(text: string): boolean {
  return text.split(':').length >= 6;
}
