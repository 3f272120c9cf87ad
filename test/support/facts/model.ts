import * as cloudtrail from '@aws-sdk/client-cloudtrail';
import * as iam from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as sts from '@aws-sdk/client-sts';
import { declaredErrors, declaredTypes } from './declarations.js';

/**
 * AWS's service models, as the SDK ships them: shapes, members and which of them are required from its schemas
 * (Smithy's static form, `@smithy/types` static-schemas), enumerations and the errors of each operation from its declarations.
 */

export type ModelledService = 'kms' | 'sts' | 'iam' | 'cloudtrail';

export type Dialect = 'json' | 'query';

/** The protocol of each service on the wire. */
export const DIALECT: Readonly<Record<ModelledService, Dialect>> = {
  kms: 'json',
  sts: 'query',
  iam: 'query',
  cloudtrail: 'json',
};

const CLIENTS: Readonly<Record<ModelledService, Readonly<Record<string, unknown>>>> = { kms, sts, iam, cloudtrail };

export interface Member {
  readonly name: string;
  readonly required: boolean;
  readonly shape: Shape;
  /** What the SDK lists for it; null where any text goes. */
  readonly values: readonly string[] | null;
}

export type Shape =
  | { readonly kind: 'string' | 'number' | 'boolean' | 'timestamp' | 'blob' | 'unit' }
  | { readonly kind: 'list' | 'map'; readonly item: () => Shape }
  | { readonly kind: 'structure'; readonly name: string; readonly members: () => readonly Member[] };

type ErrorCodes = ReadonlyMap<string, 'client' | 'server'>;

const errors = new Map<string, ErrorCodes>();

/** @throws Error for an operation that the model does not have */
export function outputOf(service: ModelledService, operation: string): Shape {
  return shapeOf(service, operationSchema(service, operation)[5]);
}

/** @throws Error for an operation that the model does not have */
export function inputOf(service: ModelledService, operation: string): Shape {
  return shapeOf(service, operationSchema(service, operation)[4]);
}

function operationSchema(service: ModelledService, operation: string): readonly unknown[] {
  const schema = tuple(CLIENTS[service][`${operation}$`], `${service}:${operation}`);
  if (schema[0] !== 9) throw new Error(`${operation} is no operation of the service model of ${service}`);
  return schema;
}

/** Whether the SDK knows a structure, an error or an enumeration of this name; it drops the names of simple types. */
export function isShape(service: ModelledService, name: string): boolean {
  return `${name}$` in CLIENTS[service] || typeof CLIENTS[service][name] === 'object';
}

/** The model's operations. */
export function operationsOf(service: ModelledService): readonly string[] {
  return OPERATIONS[service];
}

function operationNames(client: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(client)
    .filter(([name, value]) => name.endsWith('$') && Array.isArray(value) && value[0] === 9)
    .map(([name]) => name.slice(0, -1));
}

const OPERATIONS: Readonly<Record<ModelledService, readonly string[]>> = {
  kms: operationNames(kms),
  sts: operationNames(sts),
  iam: operationNames(iam),
  cloudtrail: operationNames(cloudtrail),
};

/** Error codes of an operation as they stand on the wire, with who is at fault. */
export function errorsOf(service: ModelledService, operation: string): ErrorCodes {
  const key = `${service}/${operation}`;
  const codes = errors.get(key) ?? new Map(declaredErrors(service, operation).map((name) => codeOf(service, name)));
  errors.set(key, codes);
  return codes;
}

function codeOf(service: ModelledService, name: string): [string, 'client' | 'server'] {
  const [, , , traits] = tuple(CLIENTS[service][`${name}$`], name);
  const { error, awsQueryError } = traits as { error: 'client' | 'server'; awsQueryError?: [string, number] };
  // Only the Query protocol renames errors.
  return [DIALECT[service] === 'json' ? name : (awsQueryError?.[0] ?? name), error];
}

const SIMPLE: Readonly<Record<number, 'string' | 'number' | 'boolean' | 'timestamp' | 'blob'>> = {
  0: 'string',
  1: 'number',
  2: 'boolean',
  4: 'timestamp',
  5: 'timestamp',
  7: 'timestamp',
  21: 'blob',
};
const LIST = 64;
const MAP = 128;

function shapeOf(service: ModelledService, ref: unknown): Shape {
  if (typeof ref === 'function') return shapeOf(service, ref());
  if (ref === 'unit') return { kind: 'unit' };
  if (typeof ref === 'number') return simpleShape(service, ref);
  const schema = tuple(ref, 'a schema');
  // A member with traits of its own.
  if (schema.length === 2) return shapeOf(service, schema[0]);
  const [kind, , name, , first, second] = schema;
  if (kind === 0) return shapeOf(service, first);
  if (kind === 1) return { kind: 'list', item: () => shapeOf(service, first) };
  if (kind === 2) return { kind: 'map', item: () => shapeOf(service, second) };
  if (kind === 3 || kind === -3) {
    return { kind: 'structure', name: String(name), members: () => membersOf(service, schema) };
  }
  throw new Error(`a kind of schema that nobody reads: ${String(kind)}`);
}

function simpleShape(service: ModelledService, code: number): Shape {
  if (code & MAP) return { kind: 'map', item: () => shapeOf(service, code & ~MAP) };
  if (code & LIST) return { kind: 'list', item: () => shapeOf(service, code & ~LIST) };
  const kind = SIMPLE[code];
  if (kind === undefined) throw new Error(`a kind of value that nobody reads: ${code}`);
  return { kind };
}

const cached = new Map<string, readonly Member[]>();

function membersOf(service: ModelledService, schema: readonly unknown[]): readonly Member[] {
  const [, , shapeName, , names, refs, required = 0] = schema;
  const key = `${service}/${String(shapeName)}`;
  const known = cached.get(key);
  if (known) return known;
  const types = declaredTypes(service, String(shapeName));
  const members = tuple(names, 'names').map((name, at): Member => {
    const type = types.get(String(name));
    const listed = type === undefined ? undefined : CLIENTS[service][type];
    return {
      name: String(name),
      // The required members come first, and a schema says how many they are.
      required: at < Number(required),
      shape: shapeOf(service, tuple(refs, 'members')[at]),
      values: typeof listed === 'object' && listed !== null ? Object.values(listed).map(String) : null,
    };
  });
  cached.set(key, members);
  return members;
}

function tuple(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`the service model has no ${what}`);
  return value;
}
