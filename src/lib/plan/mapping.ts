import type { JsonValue } from '../base/canonical-json.js';
import { type Fault, fault, isObject, object, optional, type Reader } from '../base/fields.js';
import { asMapping, draftName, type Field, type PartialField, unknownName } from './field.js';

type Shape = Readonly<Record<string, Field<unknown>>>;
type OptionalNames<S extends Shape> = { [K in keyof S]: S[K] extends { readonly optional: true } ? K : never }[keyof S];
type ValueOf<F> = F extends Field<infer T> ? T : never;
type Flat<T> = { readonly [K in keyof T]: T[K] };
export type ObjectOf<S extends Shape> = Flat<
  { [K in Exclude<keyof S, OptionalNames<S>>]: ValueOf<S[K]> } & { [K in OptionalNames<S>]?: ValueOf<S[K]> }
>;

/** A mapping of exactly these fields; an unknown one is a fault that names the field probably meant. */
export function objectField<S extends Shape>(shape: S): PartialField<ObjectOf<S>, Partial<ObjectOf<S>>> {
  const members = Object.entries(shape).map(([name, field]) => ({ name, field, inDraft: draftName(name, field) }));
  const stored = Object.fromEntries(
    members.map(({ name, field }) => [name, field.optional ? optional(field.stored) : field.stored]),
  );
  const parts = (value: unknown, path: string, faults: Fault[]): Partial<ObjectOf<S>> => {
    const given = asMapping(value, path, faults);
    const known = members.map(({ inDraft }) => inDraft);
    for (const name of Object.keys(given)) if (!known.includes(name)) unknownName(faults, path, name, known);
    const read: [string, unknown][] = [];
    // A value that is no mapping is one fault, not one for each field that it does not have.
    for (const { name, field, inDraft } of given === value ? members : []) {
      const found = readMember(field, given, inDraft, path, faults);
      if (found !== undefined) read.push([name, found]);
    }
    return Object.fromEntries(read) as Partial<ObjectOf<S>>;
  };
  return {
    stored: object(stored) as Reader<ObjectOf<S>>,
    draft: whole(parts) as Reader<ObjectOf<S>>,
    parts,
    schema: {
      type: 'object',
      properties: Object.fromEntries(members.map(({ field, inDraft }) => [inDraft, field.schema])),
      required: members.filter(({ field }) => !field.optional && !field.absent).map(({ inDraft }) => inDraft),
      additionalProperties: false,
    },
    write: (value) => {
      const all = value as Readonly<Record<string, unknown>>;
      return Object.fromEntries(
        members
          .filter(({ name }) => all[name] !== undefined)
          .map(({ name, field, inDraft }) => [inDraft, field.write(all[name])]),
      );
    },
  };
}

function readMember(
  field: Field<unknown>,
  given: Record<string, unknown>,
  name: string,
  path: string,
  faults: Fault[],
) {
  const value = Object.hasOwn(given, name) ? given[name] : undefined;
  if (value === undefined && field.absent) return field.absent.value;
  if (value === undefined && field.optional) return undefined;
  return field.draft(value, path === '' ? name : `${path}.${name}`, faults);
}

function whole<P>(parts: (value: unknown, path: string, faults: Fault[]) => P): Reader<P> {
  return (value, path, faults) => {
    const before = faults.length;
    const read = parts(value, path, faults);
    return faults.length === before ? read : undefined;
  };
}

/** How many names a mapping may have, and of which form. */
export interface NameRule {
  readonly pattern: RegExp;
  readonly expected: string;
  readonly min: number;
  readonly max: number;
}

/** A mapping from names that the user chooses. */
export function mapField<T>(rule: NameRule, field: Field<T>): Field<Readonly<Record<string, T>>> {
  return {
    stored: whole(entryReader(rule, field.stored)) as Reader<Readonly<Record<string, T>>>,
    draft: whole(entryReader(rule, field.draft)) as Reader<Readonly<Record<string, T>>>,
    schema: {
      type: 'object',
      propertyNames: { pattern: rule.pattern.source },
      additionalProperties: field.schema,
      minProperties: rule.min,
      maxProperties: rule.max,
    },
    write: (value) =>
      Object.fromEntries(Object.entries(value).map(([name, item]): [string, JsonValue] => [name, field.write(item)])),
  };
}

/** `mapField` over mappings, that also gives the parts of entries with faults. */
export function mapOfParts<T, P>(
  rule: NameRule,
  field: PartialField<T, P>,
): PartialField<Readonly<Record<string, T>>, Readonly<Record<string, P>>> {
  return { ...mapField(rule, field), parts: entryReader(rule, field.parts) };
}

function entryReader<P>(rule: NameRule, read: (value: unknown, path: string, faults: Fault[]) => P | undefined) {
  return (value: unknown, path: string, faults: Fault[]): Readonly<Record<string, P>> => {
    const entries = Object.entries(asMapping(value, path, faults));
    if (isObject(value) && (entries.length < rule.min || entries.length > rule.max)) {
      faults.push({ path, expected: `${rule.min} to ${rule.max} names`, found: `${entries.length} names` });
      return {};
    }
    const found: [string, P][] = [];
    for (const [name, item] of entries) {
      const at = path === '' ? name : `${path}.${name}`;
      if (!rule.pattern.test(name)) fault(faults, at, `a name that is ${rule.expected}`, name);
      const one = read(item, at, faults);
      if (one !== undefined) found.push([name, one]);
    }
    return Object.fromEntries(found);
  };
}
