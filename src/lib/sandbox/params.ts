import type { JsonObject, JsonValue } from '../base/canonical-json.js';
import { isObject } from '../base/fields.js';
import { ServiceError } from './service.js';

/** Readers of the members of IAM and STS requests, which AWS Query carries as text. */

interface TextRule {
  readonly max: number;
  readonly min?: number;
  readonly pattern?: RegExp;
}

/** @throws ServiceError ValidationError naming the member and the constraint */
export function requiredText(input: JsonObject, name: string, rule: TextRule): string {
  const value = optionalText(input, name, rule);
  if (value === null) throw invalid(name, 'Member must not be null');
  return value;
}

/** A text member that may be absent. @throws ServiceError ValidationError */
export function optionalText(input: JsonObject, name: string, rule: TextRule): string | null {
  const value = input[name];
  if (value === undefined) return null;
  if (typeof value !== 'string') throw invalid(name, 'Member must be text');
  if (value.length < (rule.min ?? 1))
    throw invalid(name, `Member must have length greater than or equal to ${rule.min ?? 1}`);
  if (value.length > rule.max) throw invalid(name, `Member must have length less than or equal to ${rule.max}`);
  if (rule.pattern && !rule.pattern.test(value)) {
    throw invalid(name, `Member must satisfy regular expression pattern: ${rule.pattern.source}`);
  }
  return value;
}

/** A whole number that may be absent. @throws ServiceError ValidationError */
export function optionalInteger(input: JsonObject, name: string, min: number, max: number): number | null {
  const value = input[name];
  if (value === undefined) return null;
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw invalid(name, 'Member must be a whole number');
  if (number < min) throw invalid(name, `Member must have value greater than or equal to ${min}`);
  if (number > max) throw invalid(name, `Member must have value less than or equal to ${max}`);
  return number;
}

/** A list of text; absent is empty. */
export function textList(input: JsonObject, name: string, rule: TextRule, maxItems: number): readonly string[] {
  return listOf(input, name, maxItems).map((item) => requiredText({ [name]: item }, name, rule));
}

/** A list of structures; absent is empty. */
export function objectList(input: JsonObject, name: string, maxItems: number): readonly JsonObject[] {
  return listOf(input, name, maxItems).map((item) => {
    if (!isObject(item)) throw invalid(name, 'Member must be a list of structures');
    return item as JsonObject;
  });
}

function listOf(input: JsonObject, name: string, maxItems: number): readonly JsonValue[] {
  const value = input[name] ?? [];
  if (!Array.isArray(value)) throw invalid(name, 'Member must be a list');
  if (value.length > maxItems) throw invalid(name, `Member must have length less than or equal to ${maxItems}`);
  return value;
}

/** @throws ServiceError ValidationError for members that this model does not carry out: never silently ignored. */
export function refuseMembers(input: JsonObject, names: readonly string[]): void {
  const given = names.find((name) => input[name] !== undefined);
  if (given !== undefined) throw invalid(given, 'the sandbox does not model this member');
}

/** The error of IAM and STS for a member that breaks a constraint. */
export function invalid(name: string, constraint: string): ServiceError {
  const member = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  return new ServiceError(
    'ValidationError',
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}
