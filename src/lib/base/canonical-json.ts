import canonicalize from 'canonicalize';
import { decodeUtf8 } from './bytes.js';
import { CustodyError, type ErrorCode } from './errors.js';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** What `parseCanonical` and `parseJson` accept before they look at the meaning. */
export interface JsonLimits {
  readonly maxBytes: number;
  readonly maxDepth: number;
}

export const DEFAULT_LIMITS: JsonLimits = { maxBytes: 256 * 1024, maxDepth: 32 };

/**
 * `value` in the JSON Canonicalization Scheme (RFC 8785).
 * A name whose value is undefined is left out, as an optional field is.
 * @throws CustodyError BUG for what JSON cannot say: NaN, infinities, lone surrogates, functions, cycles.
 */
export function formatCanonical(value: JsonValue): string {
  const text = attempt(() => writePlainly(value) ?? canonicalize(value));
  if (text === undefined) throw new CustodyError('BUG', 'a value has no canonical JSON form');
  return text;
}

/**
 * Reads JSON that must be byte for byte its own RFC 8785 form. That one rule refuses duplicate names, other orders,
 * white space, other number and string forms, lone surrogates and NaN.
 */
export function parseCanonical(
  bytes: Uint8Array,
  where: string,
  limits = DEFAULT_LIMITS,
  code: ErrorCode = 'RECORD_MALFORMED',
): JsonValue {
  const { text, value } = readJson(bytes, where, limits, code);
  if (writePlainly(value) !== text && attempt(() => canonicalize(value)) !== text) {
    throw new CustodyError(code, `${where}: not in canonical form (RFC 8785)`);
  }
  return value;
}

/** Do two values say the same? The order of names does not count. */
export function sameJson(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (!isNested(left) || !isNested(right)) return left === right;
  const names = Object.keys(left);
  const alike = Array.isArray(left) === Array.isArray(right) && names.length === Object.keys(right).length;
  return alike && names.every((name) => Object.hasOwn(right, name) && sameJson(left[name], right[name]));
}

/** An object, or a list, whose names are its indexes. */
function isNested(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null;
}

/** Reads JSON within `limits`; whether it is canonical is not asked. */
export function parseJson(
  bytes: Uint8Array,
  where: string,
  limits = DEFAULT_LIMITS,
  code: ErrorCode = 'RECORD_MALFORMED',
): JsonValue {
  return readJson(bytes, where, limits, code).value;
}

function readJson(bytes: Uint8Array, where: string, limits: JsonLimits, code: ErrorCode) {
  if (bytes.length > limits.maxBytes) {
    throw new CustodyError(code, `${where}: ${bytes.length} bytes, at most ${limits.maxBytes} are read`);
  }
  const text = decodeUtf8(bytes);
  if (text === null) throw new CustodyError(code, `${where}: not UTF-8`);
  // The depth is measured first: recursion in a parser or formatter must not be driven by a stranger.
  if (text.length > limits.maxDepth && !hasFewBrackets(text, limits.maxDepth) && depthOf(text) > limits.maxDepth)
    throw new CustodyError(code, `${where}: nested deeper than ${limits.maxDepth}`);
  const value = attempt(() => JSON.parse(text) as JsonValue);
  if (value === undefined) throw new CustodyError(code, `${where}: not JSON`);
  return { text, value };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** An escaped surrogate, or a backslash before one: `JSON.stringify` would write a lone one as it was read. */
const SURROGATE_ESCAPE = /\\ud[89a-f]/i;

/**
 * The canonical form of almost every value; `null` means that the library has to decide.
 *
 * RFC 8785 takes strings and numbers over from ECMAScript, so what `JSON.stringify` writes differs from the canonical
 * form in nothing but the order of names, lone surrogates, and `null` for numbers that JSON cannot say.
 */
function writePlainly(value: JsonValue): string | null {
  const ordered = inOrder(value);
  if (ordered === undefined) return null;
  const text = JSON.stringify(ordered);
  return text.includes('\\u') && SURROGATE_ESCAPE.test(text) ? null : text;
}

/**
 * The value with the names of every object in the order of RFC 8785 section 3.2.3: itself where they are, else a copy of what
 * is not. Undefined for what an object cannot have so (names that are numbers keep an order of their own, and `__proto__` is
 * no name of a plain object), and for what is more than JSON.
 */
function inOrder(value: JsonValue | undefined): JsonValue | undefined {
  if (isPlain(value)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  if (isList(value)) {
    const items = value.map(inOrder).filter((item) => item !== undefined);
    return items.length === value.length ? items : undefined;
  }
  if (typeof value.toJSON === 'function') return undefined;
  const copy: Record<string, JsonValue> = {};
  for (const name of Object.keys(value).sort()) {
    const item = inOrder(value[name]);
    if (item === undefined || name === '__proto__') return undefined;
    copy[name] = item;
  }
  return hasNamesInOrder(copy) ? copy : undefined;
}

/** Whether a value is made of JSON alone, with every object's names in order. */
function isPlain(value: JsonValue | undefined): boolean {
  if (typeof value === 'string' || value === null) return true;
  if (typeof value !== 'object') return typeof value === 'number' ? Number.isFinite(value) : typeof value === 'boolean';
  if (isList(value)) return value.every(isPlain);
  if (!hasNamesInOrder(value)) return false;
  for (const name in value) if (!isPlain(value[name])) return false;
  return typeof value.toJSON !== 'function';
}

function hasNamesInOrder(value: JsonObject): boolean {
  let previous: string | null = null;
  for (const name in value) {
    if (previous !== null && previous >= name) return false;
    previous = name;
  }
  return true;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** No more brackets than levels that are allowed: then no look at the nesting is needed. */
function hasFewBrackets(text: string, most: number): boolean {
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++count > most) return false;
    }
  }
  return true;
}

/** Upper bound of the nesting: brackets outside of strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) at++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return deepest;
}
