import { decodeBase64 } from '../../base/bytes.js';
import type { JsonObject, JsonValue } from '../../base/canonical-json.js';
import { malformedJson } from './errors.js';

/** Readers of an input that `validate` has passed: shapes hold, so what is missing here is a member that the operation does not have. */

export function text(input: JsonObject, name: string): string {
  const value = input[name];
  if (typeof value !== 'string') throw malformedJson(`${name} must be a string`);
  return value;
}

export function optionalText(input: JsonObject, name: string): string | null {
  return input[name] === undefined || input[name] === null ? null : text(input, name);
}

export function optionalNumber(input: JsonObject, name: string): number | null {
  const value = input[name];
  return typeof value === 'number' ? value : null;
}

export function flag(input: JsonObject, name: string): boolean {
  return input[name] === true;
}

export function blob(input: JsonObject, name: string): Buffer {
  const bytes = decodeBase64(text(input, name));
  if (bytes === null) throw malformedJson(`${name} must be base64`);
  return bytes;
}

export function texts(input: JsonObject, name: string): readonly string[] {
  const value = input[name];
  return Array.isArray(value) ? value.filter((item: JsonValue): item is string => typeof item === 'string') : [];
}

/** A map of text to text: encryption contexts. */
export function textMap(value: JsonValue | undefined): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, String(item)]));
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
