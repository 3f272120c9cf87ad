import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { JsonObject, JsonValue } from '../../../../src/lib/base/canonical-json.js';
import { ServiceError } from '../../../../src/lib/sandbox/service.js';
import { ACCOUNT, Bench, HOME, ROOT, ROOT_USER, roleArn, SECOND, session } from './harness.js';

/**
 * Facts about KMS as data (test/vectors/aws): what AWS's documents say happens. A request is
 * `[operation, input, {as, in, wait, times, save, may}]`; `$name` stands for what an earlier answer held.
 */
export interface Fact {
  readonly fact: string;
  readonly source: string;
  /** Keys that exist before: CreateKey's input by name. */
  readonly given?: Readonly<Record<string, JsonObject>>;
  readonly requests: readonly (readonly [string, JsonObject, How?])[];
  readonly expect: Expectation;
}

interface How {
  readonly as?: string;
  readonly in?: string;
  /** Seconds that pass before the request. */
  readonly wait?: number;
  readonly times?: number;
  /** Name → path in the answer. */
  readonly save?: Readonly<Record<string, string>>;
  /** An error that is part of the story. */
  readonly may?: string;
}

interface Expectation {
  readonly error?: string;
  readonly message?: string;
  readonly answer?: JsonObject;
  readonly absent?: readonly string[];
  readonly asked?: {
    readonly action: string;
    readonly resource?: string;
    readonly context: JsonObject;
    readonly absent?: readonly string[];
    readonly policyWithout?: string;
  };
  readonly askedAll?: readonly (readonly [action: string, resource: string])[];
}

export function readFacts<T>(name: string): readonly T[] {
  return JSON.parse(
    readFileSync(new URL(`../../../vectors/aws/${name}.json`, import.meta.url), 'utf8'),
  ) as readonly T[];
}

/** `admin` and the account root are allowed everything, unless a policy names only others; the rest live by grants. */
export function factBench(): Bench {
  const bench = new Bench();
  bench.principals = new Set(['admin', 'seat', 'other'].map(roleArn));
  bench.judge = ({ resourcePolicy = ROOT }, caller) =>
    (caller.principalArn === roleArn('admin') && resourcePolicy.includes(ROOT)) || caller.kind === 'root';
  return bench;
}

export function checkFact({ given = {}, requests, expect: expected }: Fact): void {
  const bench = factBench();
  const saved = new Map<string, string>();
  for (const [name, input] of Object.entries(given)) {
    saved.set(name, bench.key(input));
    saved.set(`${name}.arn`, `arn:aws:kms:${HOME}:${ACCOUNT}:key/${saved.get(name)}`);
  }
  bench.asked.length = 0;
  for (const [at, [operation, input, how = {}]] of requests.entries()) {
    for (let time = 0; time < (how.times ?? 1); time++) {
      bench.wait((how.wait ?? 0) * SECOND);
      saved.set('n', String(time));
      const answer = perform(bench, operation, fill(input, saved) as JsonObject, how);
      const last = at === requests.length - 1 && time === (how.times ?? 1) - 1;
      if (last) checkAnswer(answer, expected, saved);
      else if (answer instanceof ServiceError)
        expect(`${operation}: ${answer.code} ${answer.message}`).toContain(how.may ?? 'no error');
      else save(answer, how.save ?? {}, saved);
    }
  }
  checkAsked(bench, expected, saved);
}

function perform(bench: Bench, operation: string, input: JsonObject, how: How): JsonObject | ServiceError {
  const caller = how.as === 'root' ? ROOT_USER : session(how.as ?? 'admin');
  return bench.as(caller, () => bench.in(how.in ?? HOME, () => bench.try(operation, input)));
}

function checkAnswer(
  answer: JsonObject | ServiceError,
  expected: Expectation,
  saved: ReadonlyMap<string, string>,
): void {
  if (expected.error !== undefined) {
    if (!(answer instanceof ServiceError))
      throw new Error(`answered instead of ${expected.error}: ${JSON.stringify(answer)}`);
    expect(answer.code).toBe(expected.error);
    expect(answer.message).toContain(expected.message ?? '');
    return;
  }
  if (answer instanceof ServiceError) {
    if (expected.answer === undefined) return;
    throw new Error(`${answer.code}: ${answer.message}`);
  }
  if (expected.answer !== undefined) checkValue(answer, fill(expected.answer, saved), 'answer');
  for (const path of expected.absent ?? []) expect(valueAt(answer, path), path).toBeUndefined();
}

/** Objects are compared member by member, for the members that are expected; lists item by item. */
function checkValue(found: JsonValue | undefined, expected: JsonValue, where: string): void {
  if (Array.isArray(expected)) {
    if (!Array.isArray(found)) throw new Error(`${where} is not a list`);
    expect(found.length, where).toBe(expected.length);
    for (const [at, item] of expected.entries()) checkValue(found[at], item, `${where}.${at}`);
  } else if (isObject(expected)) checkObject(found, expected, where);
  else expect(found, where).toBe(expected);
}

function checkObject(found: JsonValue | undefined, expected: JsonObject, where: string): void {
  const text = typeof found === 'string' ? found : '';
  if (typeof expected.matches === 'string') expect(text, where).toMatch(new RegExp(expected.matches));
  else if (typeof expected.length === 'number') expect(found, where).toHaveLength(expected.length);
  else if (typeof expected.bytes === 'number') expect(Buffer.from(text, 'base64'), where).toHaveLength(expected.bytes);
  else if (expected.not !== undefined) expect(found, where).not.toBe(expected.not);
  else if (expected.json !== undefined) checkValue(JSON.parse(text) as JsonValue, expected.json, where);
  else {
    if (!isObject(found)) throw new Error(`${where} is not an object`);
    for (const [name, value] of Object.entries(expected)) checkValue(found[name], value, `${where}.${name}`);
  }
}

function checkAsked(bench: Bench, { asked, askedAll }: Expectation, saved: ReadonlyMap<string, string>): void {
  if (asked !== undefined) {
    const question = bench.question(asked.action);
    if (asked.resource !== undefined) expect(question.resource).toBe(fill(asked.resource, saved));
    expect(question.context).toMatchObject(asked.context);
    for (const name of asked.absent ?? []) expect(Object.keys(question.context)).not.toContain(name);
    if (asked.policyWithout !== undefined) expect(question.resourcePolicy).not.toContain(asked.policyWithout);
  }
  if (askedAll === undefined) return;
  const actions = new Set(askedAll.map(([action]) => `kms:${action}`));
  const questions = bench.asked
    .filter(({ action }) => actions.has(action))
    .map(({ action, resource }) => [action, resource]);
  expect(questions.map(String).sort()).toEqual(
    askedAll.map(([action, resource]) => `kms:${action},${fill(resource, saved)}`).sort(),
  );
}

/** Puts in what was saved, and makes what is too long to write down. */
export function fill(value: JsonValue, saved: ReadonlyMap<string, string>): JsonValue {
  if (typeof value === 'string')
    return value.replace(/\$([a-z]\w*(?:\.arn)?)/g, (word, name) => saved.get(String(name)) ?? word);
  if (Array.isArray(value)) return value.map((item: JsonValue) => fill(item, saved));
  if (!isObject(value)) return value;
  if (typeof value.repeat === 'string') return value.repeat.repeat(Number(value.times));
  if (typeof value.base64Bytes === 'number') return Buffer.alloc(value.base64Bytes).toString('base64');
  if (typeof value.sha256 === 'string') return createHash('sha256').update(value.sha256).digest('base64');
  if (typeof value.policyBytes === 'number') return policyOf(value.policyBytes);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fill(item, saved)]));
}

/** A valid policy of exactly so many bytes. */
function policyOf(bytes: number): string {
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Id: '',
    Statement: [{ Effect: 'Allow', Principal: { AWS: ROOT }, Action: 'kms:*', Resource: '*' }],
  });
  return policy.replace('"Id":""', `"Id":"${'x'.repeat(bytes - policy.length)}"`);
}

function save(answer: JsonObject, paths: Readonly<Record<string, string>>, saved: Map<string, string>): void {
  for (const [name, path] of Object.entries(paths)) saved.set(name, String(valueAt(answer, path)));
}

function valueAt(answer: JsonObject, path: string): JsonValue | undefined {
  return path.split('.').reduce<JsonValue | undefined>((value, name) => {
    if (Array.isArray(value)) return value[Number(name)] as JsonValue | undefined;
    return isObject(value) ? value[name] : undefined;
  }, answer);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
