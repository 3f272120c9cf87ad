import { expect } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/lib/base/canonical-json.js';
import type { Authorization } from '../../../src/lib/sandbox/service.js';
import { type Expectation, valueAt } from './fact.js';
import { fill, type Saved } from './fill.js';
import { isObject } from './modelled.js';
import { assertInstant, type Moment, NO_MOMENT } from './moment.js';
import type { Outcome } from './stage.js';

/** @throws Error, or vitest's assertion, when the answer is another than the fact says */
export function checkOutcome(outcome: Outcome, expected: Expectation, saved: Saved, moment = NO_MOMENT): void {
  if (expected.error !== undefined || expected.refused) {
    if ('answer' in outcome)
      throw new Error(`answered instead of ${expected.error ?? 'a refusal'}: ${JSON.stringify(outcome.answer)}`);
    if (expected.error !== undefined) expect(outcome.refused.code).toBe(expected.error);
    if (expected.status !== undefined) expect(outcome.refused.status).toBe(expected.status);
    expect(outcome.refused.message).toContain(fill(expected.message ?? '', saved));
    return;
  }
  if ('refused' in outcome) {
    // What was asked is the fact; the answer does not matter.
    if (expected.answer === undefined && (expected.asked ?? expected.askedAll) !== undefined) return;
    throw new Error(`${outcome.refused.code}: ${outcome.refused.message}`);
  }
  if (expected.answer !== undefined) checkValue(outcome.answer, fill(expected.answer, saved), moment, 'answer');
  if (expected.record !== undefined) return;
  for (const path of expected.absent ?? []) expect(valueAt(outcome.answer, path), path).toBeUndefined();
}

/** CloudTrail's record of a story's last request. @throws vitest's assertion */
export function checkRecord(
  record: JsonObject,
  { record: wanted = {}, absent = [] }: Expectation,
  saved: Saved,
  moment: Moment,
) {
  checkValue(record, fill(wanted, saved), moment, 'record');
  for (const path of absent) expect(valueAt(record, path), path).toBeUndefined();
}

/** Objects are compared member by member, for the members that are expected; lists item by item. */
function checkValue(found: JsonValue | undefined, expected: JsonValue, moment: Moment, where: string): void {
  if (Array.isArray(expected)) {
    if (!Array.isArray(found)) throw new Error(`${where} is not a list`);
    expect(found.length, where).toBe(expected.length);
    for (const [at, item] of expected.entries()) checkValue(found[at], item, moment, `${where}.${at}`);
  } else if (isObject(expected)) checkObject(found, expected, moment, where);
  else expect(found, where).toBe(expected);
}

function checkObject(found: JsonValue | undefined, expected: JsonObject, moment: Moment, where: string): void {
  const text = typeof found === 'string' ? found : '';
  if (typeof expected.matches === 'string') expect(text, where).toMatch(new RegExp(expected.matches));
  else if (typeof expected.after === 'number') assertInstant(found, expected, moment, where);
  else if (typeof expected.length === 'number') expect(found, where).toHaveLength(expected.length);
  else if (typeof expected.bytes === 'number') expect(Buffer.from(text, 'base64'), where).toHaveLength(expected.bytes);
  else if (expected.not !== undefined) expect(found, where).not.toBe(expected.not);
  else if (expected.json !== undefined) checkValue(JSON.parse(text) as JsonValue, expected.json, moment, where);
  else {
    if (!isObject(found)) throw new Error(`${where} is not an object`);
    for (const [name, value] of Object.entries(expected)) checkValue(found[name], value, moment, `${where}.${name}`);
  }
}

/** What the service asked IAM. */
export function checkAsked(all: readonly Authorization[], { asked, askedAll }: Expectation, saved: Saved): void {
  if (asked !== undefined) {
    const question = all.findLast(({ action }) => action === `kms:${asked.action}`);
    if (question === undefined) throw new Error(`nobody asked about kms:${asked.action}`);
    if (asked.resource !== undefined) expect(question.resource).toBe(fill(asked.resource, saved));
    expect(question.context).toMatchObject(asked.context);
    for (const name of asked.absent ?? []) expect(Object.keys(question.context)).not.toContain(name);
    if (asked.policyWithout !== undefined) expect(question.resourcePolicy).not.toContain(asked.policyWithout);
  }
  if (askedAll === undefined) return;
  const actions = new Set(askedAll.map(([action]) => `kms:${action}`));
  const questions = all.filter(({ action }) => actions.has(action)).map(({ action, resource }) => [action, resource]);
  expect(questions.map(String).sort()).toEqual(
    askedAll.map(([action, resource]) => `kms:${action},${String(fill(resource, saved))}`).sort(),
  );
}
