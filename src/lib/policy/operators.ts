import { decodeBase64 } from '../base/bytes.js';
import { contains, parseBlock } from './addresses.js';
import type { PolicyVersion } from './document.js';
import type { Keys } from './keys.js';
import { type Glob, matchesGlob, splitArn, splitArnGlob } from './match.js';
import { NO, type Truth, truthOf, UNKNOWN } from './truth.js';
import { compileTemplate, resolveGlob, resolveText } from './variables.js';

/** Compares one value of the request with one value of the policy. */
export type Matcher = (actual: string, keys: Keys) => Truth;

export interface Operator {
  /** Holds when no value matches, and so when the key is missing. */
  readonly negated: boolean;
  readonly compile: (expected: string, version: PolicyVersion) => Matcher;
}

const cannotTell: Matcher = () => UNKNOWN;

function equals(normal: (text: string) => string): Operator['compile'] {
  return (expected, version) => {
    const template = compileTemplate(expected, version);
    const fixed = template.fixed && normal(template.fixed.text);
    if (fixed !== null) return (actual) => truthOf(normal(actual) === fixed);
    return (actual, keys) => {
      const text = resolveText(template, keys);
      // An unset variable equals nothing: safe in an Allow; a negated operator then holds, safe in a Deny.
      if (text === undefined) return NO;
      return text === null ? UNKNOWN : truthOf(normal(actual) === normal(text));
    };
  };
}

function like(matches: (glob: Glob, actual: string) => Truth): Operator['compile'] {
  return (expected, version) => {
    const template = compileTemplate(expected, version);
    return (actual, keys) => {
      const glob = resolveGlob(template, keys);
      if (glob === undefined) return NO;
      return glob === null ? UNKNOWN : matches(glob, actual);
    };
  };
}

/** Each of the six parts is matched by itself, so that a wildcard never reaches over a colon of the first five. */
function arnMatches(glob: Glob, actual: string): Truth {
  const expected = splitArnGlob(glob);
  if (expected === null) return UNKNOWN;
  const parts = splitArn(actual);
  if (parts === null) return UNKNOWN;
  return truthOf(expected.every((part, at) => matchesGlob(part, parts[at] ?? '')));
}

/** Operators without variables: both sides are read, and what cannot be read cannot be told. */
function typed<T>(read: (text: string) => T | null, compare: (actual: T, expected: T) => boolean): Operator['compile'] {
  return (text) => {
    const expected = read(text);
    if (expected === null) return cannotTell;
    return (value) => {
      const actual = read(value);
      return actual === null ? UNKNOWN : truthOf(compare(actual, expected));
    };
  };
}

function readNumber(text: string): number | null {
  return /^[+-]?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : null;
}

const DATE = /^\d{4}(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?)?)?$/;

/** W3C ISO 8601 or seconds since 1970. */
function readDate(text: string): number | null {
  if (/^\d{5,12}$/.test(text)) return Number(text) * 1000;
  const millis = DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(millis) ? null : millis;
}

function readBoolean(text: string): boolean | null {
  const lower = text.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : null;
}

const same = <T>(actual: T, expected: T) => actual === expected;
const exact = (text: string) => text;
const lower = (text: string) => text.toLowerCase();
const globbing = like((glob, actual) => truthOf(matchesGlob(glob, actual)));
const arn = like(arnMatches);
const inBlock = typed(parseBlock, (actual, block) => contains(block, actual));

const yes = (compile: Operator['compile']): Operator => ({ negated: false, compile });
const not = (compile: Operator['compile']): Operator => ({ negated: true, compile });

/** THE table of condition operators ("IAM JSON policy elements: Condition operators"); `Null` is in conditions.ts. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: yes(equals(exact)),
  StringNotEquals: not(equals(exact)),
  StringEqualsIgnoreCase: yes(equals(lower)),
  StringNotEqualsIgnoreCase: not(equals(lower)),
  StringLike: yes(globbing),
  StringNotLike: not(globbing),
  NumericEquals: yes(typed(readNumber, same)),
  NumericNotEquals: not(typed(readNumber, same)),
  NumericLessThan: yes(typed(readNumber, (actual, limit) => actual < limit)),
  NumericLessThanEquals: yes(typed(readNumber, (actual, limit) => actual <= limit)),
  NumericGreaterThan: yes(typed(readNumber, (actual, limit) => actual > limit)),
  NumericGreaterThanEquals: yes(typed(readNumber, (actual, limit) => actual >= limit)),
  DateEquals: yes(typed(readDate, same)),
  DateNotEquals: not(typed(readDate, same)),
  DateLessThan: yes(typed(readDate, (actual, limit) => actual < limit)),
  DateLessThanEquals: yes(typed(readDate, (actual, limit) => actual <= limit)),
  DateGreaterThan: yes(typed(readDate, (actual, limit) => actual > limit)),
  DateGreaterThanEquals: yes(typed(readDate, (actual, limit) => actual >= limit)),
  Bool: yes(typed(readBoolean, same)),
  BinaryEquals: yes(typed(decodeBase64, (actual, expected) => actual.equals(expected))),
  IpAddress: yes(inBlock),
  NotIpAddress: not(inBlock),
  ArnEquals: yes(arn),
  ArnLike: yes(arn),
  ArnNotEquals: not(arn),
  ArnNotLike: not(arn),
};

/** The row of an operator, without its quantifier and `IfExists`; `null` for a name that is not AWS's. */
export function operatorOf(name: string): Operator | null {
  return Object.hasOwn(OPERATORS, name) ? (OPERATORS[name] ?? null) : null;
}
