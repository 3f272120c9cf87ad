import type { JsonObject, JsonValue } from './canonical-json.js';
import { CustodyError, type ErrorCode } from './errors.js';

/** One thing wrong with an input: where, what was expected, what was found. */
export interface Fault {
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

/** Reads one value; on a fault it reports and returns `undefined`, so that reading goes on and every fault is listed. */
export type Reader<T> = (value: unknown, path: string, faults: Fault[]) => T | undefined;

/** A short description of a value for a fault; long text is cut, so that no one can flood a screen. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'bigint') return `${value}`;
  return shorten(JSON.stringify(value) ?? String(value), 80);
}

/** Cuts between characters, never inside a surrogate pair: half a pair is not text any more. */
function shorten(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max - 3).replace(/[\ud800-\udbff]$/, '')}...` : text;
}

export function fault(faults: Fault[], path: string, expected: string, value: unknown): undefined {
  faults.push({ path, expected, found: describe(value) });
  return undefined;
}

/** A reader of values for which `accepts` is true. */
export function where<T>(accepts: (value: unknown) => value is T, expected: string): Reader<T> {
  return (value, path, faults) => (accepts(value) ? value : fault(faults, path, expected, value));
}

/** Text of `min` (1) to `max` UTF-16 units that matches `pattern`. */
export function text(limits: {
  readonly min?: number;
  readonly max: number;
  readonly pattern?: RegExp;
  readonly expected?: string;
}): Reader<string> {
  const min = limits.min ?? 1;
  const expected = limits.expected ?? `text of ${min} to ${limits.max} characters`;
  return where(
    (value): value is string =>
      typeof value === 'string' &&
      value.length >= min &&
      value.length <= limits.max &&
      (limits.pattern === undefined || limits.pattern.test(value)),
    expected,
  );
}

/** A safe integer from `min` to `max`. */
export function integer(min: number, max: number): Reader<number> {
  return where(
    (value): value is number =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max,
    `a whole number from ${min} to ${max}`,
  );
}

export const boolean: Reader<boolean> = where((value): value is boolean => typeof value === 'boolean', 'true or false');

export function oneOf<const T extends string>(choices: readonly T[]): Reader<T> {
  return where((value): value is T => choices.some((choice) => choice === value), `one of ${choices.join(', ')}`);
}

export function nullable<T>(read: Reader<T>): Reader<T | null> {
  return (value, path, faults) => (value === null ? null : read(value, path, faults));
}

/** A list of `min` (0) to `max` items. */
export function list<T>(
  read: Reader<T>,
  limits: { readonly min?: number; readonly max: number },
): Reader<readonly T[]> {
  return (value, path, faults) => {
    if (!Array.isArray(value)) return fault(faults, path, 'a list', value);
    const min = limits.min ?? 0;
    if (value.length < min || value.length > limits.max) {
      return fault(faults, path, `a list of ${min} to ${limits.max}`, value);
    }
    const before = faults.length;
    const items = value.map((item, at) => read(item, `${path}[${at}]`, faults));
    return faults.length === before ? (items as T[]) : undefined;
  };
}

/** An object used as a map: every name must match `name`. */
export function mapOf<T>(name: RegExp, read: Reader<T>, max: number): Reader<Readonly<Record<string, T>>> {
  return (value, path, faults) => {
    if (!isObject(value)) return fault(faults, path, 'an object', value);
    const entries = Object.entries(value);
    if (entries.length > max) return fault(faults, path, `at most ${max} names`, `${entries.length} names`);
    const before = faults.length;
    const read1 = entries.map(([key, item]) => {
      if (!name.test(key)) fault(faults, join(path, key), `a name that matches ${name.source}`, key);
      return [key, read(item, join(path, key), faults)] as const;
    });
    return faults.length === before ? (Object.fromEntries(read1) as Record<string, T>) : undefined;
  };
}

interface Optional<T> {
  readonly optional: Reader<T>;
}

export function optional<T>(read: Reader<T>): Optional<T> {
  return { optional: read };
}

type Shape = Readonly<Record<string, Reader<unknown> | Optional<unknown>>>;
type RequiredNames<S extends Shape> = { [K in keyof S]: S[K] extends Optional<unknown> ? never : K }[keyof S];
type OptionalNames<S extends Shape> = Exclude<keyof S, RequiredNames<S>>;
type Flat<T> = { readonly [K in keyof T]: T[K] };
export type Shaped<S extends Shape> = Flat<
  { [K in RequiredNames<S>]: S[K] extends Reader<infer T> ? T : never } & {
    [K in OptionalNames<S>]?: S[K] extends Optional<infer T> ? T : never;
  }
>;

/** An object of exactly this shape: unknown names are faults. */
export function object<S extends Shape>(shape: S): Reader<Shaped<S>> {
  const fields = Object.entries(shape).map(([name, field]) => {
    const isOptional = typeof field !== 'function';
    return { name, isOptional, read: isOptional ? field.optional : field };
  });
  return (value, path, faults) => {
    if (!isObject(value)) return fault(faults, path, 'an object', value);
    const before = faults.length;
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(shape, name)) fault(faults, join(path, name), 'no such field', name);
    }
    // Most readers give back what they were given: a copy is made only for those that do not.
    let result = value;
    for (const { name, isOptional, read } of fields) {
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      if (isOptional && given === undefined) continue;
      const found = read(given, path === '' ? name : `${path}.${name}`, faults);
      if (found === given) continue;
      if (result === value) result = { ...value };
      result[name] = found;
    }
    return faults.length === before ? (result as Shaped<S>) : undefined;
  };
}

/** Any JSON value; the text was bounded in size and depth when it was parsed. */
export const anyJson: Reader<JsonValue> = (value, path, faults) =>
  value === undefined ? fault(faults, path, 'a value', value) : (value as JsonValue);

export const anyObject: Reader<JsonObject> = (value, path, faults) =>
  isObject(value) ? (value as JsonObject) : fault(faults, path, 'an object', value);

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function join(path: string, name: string): string {
  // A name in a fault may be a stranger's, as long as the file.
  const short = shorten(name, 80);
  return path === '' ? short : `${path}.${short}`;
}

/**
 * Reads `value` whole or throws one error that lists every fault.
 * @throws CustodyError `code`, with `details.faults`
 */
export function readFields<T>(read: Reader<T>, value: unknown, what: string, code: ErrorCode): T {
  const faults: Fault[] = [];
  const result = read(value, '', faults);
  if (faults.length === 0 && result !== undefined) return result;
  throw new CustodyError(code, `${what}: ${faults.map(formatFault).join('; ') || 'unreadable'}`, {
    details: { faults },
  });
}

export function formatFault(item: Fault): string {
  return `${item.path || 'it'}: expected ${item.expected}, found ${item.found}`;
}
