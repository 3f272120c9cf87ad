import type { JsonObject, JsonValue } from '../base/canonical-json.js';
import {
  boolean,
  type Fault,
  fault,
  integer,
  isObject,
  list,
  nullable,
  oneOf,
  type Reader,
  text,
  where,
} from '../base/fields.js';
import { formatDuration, parseDuration } from '../base/time.js';
import { nearest } from './nearest.js';

/**
 * One description of a value, from which come the reader of `plan/<n>.json`, the reader and writer of `custody.yaml` and
 * the JSON Schema for editors. The two forms differ in durations only: `approvalWindow: 7d` there, `approvalWindowSeconds:
 * 604800` here.
 */
export interface Field<T> {
  readonly stored: Reader<T>;
  readonly draft: Reader<T>;
  readonly schema: JsonObject;
  /** The unit that ends the stored name and is left out in the draft. */
  readonly unit?: keyof typeof UNIT;
  /** The draft may leave the field out: `value` is meant. */
  readonly absent?: { readonly value: T };
  /** Both forms may leave the field out. */
  readonly optional?: true;
  write(value: T): JsonValue;
}

/** What could be read of a mapping, though other parts of it had faults: rules go on with it. */
export interface PartialField<T, P> extends Field<T> {
  readonly parts: (value: unknown, path: string, faults: Fault[]) => P;
}

const UNIT = { Seconds: 1, Days: 86_400 } as const;

export function textField(pattern: RegExp, expected: string, maxLength: number): Field<string> {
  const read = text({ min: 0, max: maxLength, pattern, expected });
  return plain(read, { type: 'string', pattern: pattern.source, maxLength });
}

export function integerField(minimum: number, maximum: number): Field<number> {
  return plain(integer(minimum, maximum), { type: 'integer', minimum, maximum });
}

export const booleanField: Field<boolean> = plain(boolean, { type: 'boolean' });

export function choiceField<const T extends string>(choices: readonly T[]): Field<T> {
  return plain(oneOf(choices), { enum: choices });
}

/** One of a few numbers. */
export function choiceNumberField<const T extends number>(choices: readonly T[]): Field<T> {
  const accepts = (value: unknown): value is T => choices.some((choice) => choice === value);
  return plain(where(accepts, `one of ${choices.join(', ')}`), { enum: choices });
}

export function constantField<const T extends number | boolean>(constant: T): Field<T> {
  return plain(
    where((value): value is T => value === constant, String(constant)),
    { const: constant },
  );
}

/** A duration from `min` to `max`, both in the stored unit. */
export function durationField(unit: keyof typeof UNIT, min: number, max: number): Field<number> {
  const factor = UNIT[unit];
  const expected = `a duration like 15m, 24h or 7d, from ${formatDuration(min * factor)} to ${formatDuration(max * factor)}`;
  const inRange = (value: number) => Number.isSafeInteger(value) && value >= min && value <= max;
  return {
    unit,
    schema: { type: 'string', pattern: '^[0-9]{1,6}[smhd]$' },
    stored: where(
      // What has no form in the draft (a prime number of seconds beyond six digits) could never be edited.
      (value): value is number =>
        typeof value === 'number' && inRange(value) && parseDuration(formatDuration(value * factor)) === value * factor,
      `a number of ${unit.toLowerCase()} from ${min} to ${max}`,
    ),
    draft: (value, path, faults) => {
      const seconds = typeof value === 'string' ? parseDuration(value) : null;
      return seconds !== null && inRange(seconds / factor) ? seconds / factor : fault(faults, path, expected, value);
    },
    write: (value) => formatDuration(value * factor),
  };
}

/** A field that may be null. */
export function nullableField<T>(field: Field<T>): Field<T | null> {
  return {
    stored: nullable(field.stored),
    draft: nullable(field.draft),
    schema: { anyOf: [field.schema, { type: 'null' }] },
    write: (value) => (value === null ? null : field.write(value)),
  };
}

/** A list of one kind of field. */
export function listField<T>(field: Field<T>, min: number, max: number): Field<readonly T[]> {
  return {
    stored: list(field.stored, { min, max }),
    draft: list(field.draft, { min, max }),
    schema: { type: 'array', items: field.schema, minItems: min, maxItems: max },
    write: (value) => value.map((item) => field.write(item)),
  };
}

/** The draft may leave the field out and means `value` by it. */
export function withDefault<T>(field: Field<T>, value: T): Field<T> {
  return { ...field, absent: { value }, schema: { ...field.schema, default: field.write(value) } };
}

export function optionalField<T>(field: Field<T>): Field<T> & { readonly optional: true } {
  return { ...field, optional: true };
}

/** The same field with a sentence that editors show. */
export function described<F extends Field<unknown>>(field: F, description: string): F {
  return { ...field, schema: { ...field.schema, description } };
}

/** The name of a field in the draft: without its unit, which the value carries there. */
export function draftName(name: string, field: Field<unknown>): string {
  return field.unit === undefined ? name : name.slice(0, -field.unit.length);
}

function plain<T extends JsonValue>(read: Reader<T>, schema: JsonObject): Field<T> {
  return { stored: read, draft: read, schema, write: (value) => value };
}

/** The fault of a name that is not in `known`, with the one that was probably meant. */
export function unknownName(faults: Fault[], path: string, name: string, known: readonly string[]): void {
  const meant = nearest(name, known);
  const expected = meant === null ? `one of ${known.join(', ')}` : `a known field (did you mean ${meant}?)`;
  fault(faults, path === '' ? name : `${path}.${name}`, expected, name);
}

/** `value` as a mapping, or a fault and an empty one. */
export function asMapping(value: unknown, path: string, faults: Fault[]): Record<string, unknown> {
  if (isObject(value)) return value;
  fault(faults, path, 'a mapping', value);
  return {};
}
