import type { JsonObject, JsonValue } from '../../../src/lib/base/canonical-json.js';
import { DIALECT, type Dialect, errorsOf, type Member, type ModelledService, outputOf, type Shape } from './model.js';
import { child, parseXml, type Xml } from './xml.js';

/** Answers held against the service model: no member that it does not have, each of its type, the required ones there. */

/** "Common errors" of the API references, and the two that every JSON service of AWS answers without writing them down. */
const COMMON: Readonly<Record<Dialect, Readonly<Record<string, 'client' | 'server'>>>> = {
  json: {
    AccessDeniedException: 'client',
    ExpiredTokenException: 'client',
    IncompleteSignatureException: 'client',
    InternalFailure: 'server',
    InvalidSignatureException: 'client',
    MissingAuthenticationTokenException: 'client',
    NotAuthorizedException: 'client',
    RequestEntityTooLargeException: 'client',
    SerializationException: 'client',
    ServiceUnavailableException: 'server',
    ThrottlingException: 'client',
    UnknownOperationException: 'client',
    UnrecognizedClientException: 'client',
    ValidationException: 'client',
  },
  query: {
    AccessDenied: 'client',
    ExpiredToken: 'client',
    IncompleteSignature: 'client',
    InternalFailure: 'server',
    InvalidAction: 'client',
    InvalidClientTokenId: 'client',
    InvalidParameterValue: 'client',
    MalformedInput: 'client',
    MissingAction: 'client',
    MissingAuthenticationToken: 'client',
    RequestEntityTooLarge: 'client',
    ServiceUnavailable: 'server',
    SignatureDoesNotMatch: 'client',
    Throttling: 'client',
    ValidationError: 'client',
  },
};

/** Words that the text of AWS's documents gives where their list of valid values has another: an open point (open.json). */
const ALSO: Readonly<Record<string, readonly string[]>> = { PermissionsBoundaryType: ['Policy'] };

/** @throws Error naming the member that the model does not allow */
export function assertAnswer(service: ModelledService, operation: string, answer: JsonObject): void {
  checkShape(answer, outputOf(service, operation), operation);
}

/**
 * Who is at fault by the model, for an error that this operation may give.
 * @throws Error for a code that neither the operation nor the common errors have
 */
export function assertError(service: ModelledService, operation: string, code: string): 'client' | 'server' {
  const common = COMMON[DIALECT[service]];
  const fault = errorsOf(service, operation).get(code) ?? (Object.hasOwn(common, code) ? common[code] : undefined);
  if (fault === undefined) throw new Error(`${code} is no error of ${service}:${operation} in the service model`);
  return fault;
}

function checkShape(value: JsonValue, shape: Shape, where: string): void {
  if (shape.kind === 'unit') {
    if (!isObject(value) || Object.keys(value).length > 0) throw new Error(`${where}: the model has no answer`);
  } else if (shape.kind === 'structure') checkStructure(value, shape.members(), where);
  else if (shape.kind === 'list') {
    if (!Array.isArray(value)) throw new Error(`${where}: not a list`);
    for (const [at, item] of value.entries()) checkShape(item, shape.item(), `${where}.${at}`);
  } else if (shape.kind === 'map') {
    if (!isObject(value)) throw new Error(`${where}: not a map`);
    for (const [name, item] of Object.entries(value)) checkShape(item, shape.item(), `${where}.${name}`);
  } else if (!SIMPLE[shape.kind](value)) throw new Error(`${where}: not a ${shape.kind}: ${JSON.stringify(value)}`);
}

const EARLIEST = Date.UTC(2000, 0, 1) / 1000;
const LATEST = Date.UTC(2200, 0, 1) / 1000;

/** Blobs are base64; timestamps are epoch seconds, so neither milliseconds nor text. */
const SIMPLE: Readonly<Record<'string' | 'number' | 'boolean' | 'timestamp' | 'blob', (value: JsonValue) => boolean>> =
  {
    string: (value) => typeof value === 'string',
    number: (value) => typeof value === 'number' && Number.isSafeInteger(value),
    boolean: (value) => typeof value === 'boolean',
    timestamp: (value) => typeof value === 'number' && value >= EARLIEST && value <= LATEST,
    blob: (value) =>
      typeof value === 'string' && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value),
  };

function checkStructure(value: JsonValue, members: readonly Member[], where: string): void {
  if (!isObject(value)) throw new Error(`${where}: not a structure`);
  for (const name of Object.keys(value)) {
    if (!members.some((member) => member.name === name)) throw new Error(`${where}: the model has no member ${name}`);
  }
  for (const { name, required, shape, values } of members) {
    const item = value[name];
    if (item === undefined) {
      if (required) throw new Error(`${where}: ${name} is required`);
      continue;
    }
    checkShape(item, shape, `${where}.${name}`);
    for (const word of values === null ? [] : [item].flat()) {
      if (![...(values ?? []), ...(ALSO[name] ?? [])].includes(String(word)))
        throw new Error(`${where}.${name}: ${String(word)} is not in the model`);
    }
  }
}

/**
 * The answer in an XML document of the Query protocol, read by the model alone.
 * @throws Error for elements that it does not have
 */
export function readQueryAnswer(service: ModelledService, operation: string, text: string): JsonObject {
  const root = parseXml(text);
  if (root.name !== `${operation}Response`) throw new Error(`<${root.name}> answers ${operation}`);
  child(child(root, 'ResponseMetadata'), 'RequestId');
  const shape = outputOf(service, operation);
  const result = root.children.find(({ name }) => name === `${operation}Result`);
  const more = root.children.length - (result === undefined ? 1 : 2);
  if (more !== 0) throw new Error(`${operation}Response holds ${more} more elements`);
  return result === undefined ? {} : (fromXml(result, shape, operation) as JsonObject);
}

function fromXml(element: Xml, shape: Shape, where: string): JsonValue {
  if (shape.kind === 'structure') {
    const members = shape.members();
    const entries = element.children.map((item): [string, JsonValue] => {
      const member = members.find(({ name }) => name === item.name);
      if (member === undefined) throw new Error(`${where}: the model has no member ${item.name}`);
      return [item.name, fromXml(item, member.shape, `${where}.${item.name}`)];
    });
    if (new Set(entries.map(([name]) => name)).size !== entries.length)
      throw new Error(`${where}: a member comes twice`);
    return Object.fromEntries(entries);
  }
  if (shape.kind === 'list') {
    if (element.children.some(({ name }) => name !== 'member')) throw new Error(`${where}: a list of something else`);
    return element.children.map((item, at) => fromXml(item, shape.item(), `${where}.${at}`));
  }
  if (element.children.length > 0) throw new Error(`${where}: elements where the model has ${shape.kind}`);
  return fromText(element.text, shape.kind, where);
}

function fromText(text: string, kind: Shape['kind'], where: string): JsonValue {
  if (kind === 'boolean' && /^(?:true|false)$/.test(text)) return text === 'true';
  if (kind === 'number' && /^-?\d+$/.test(text)) return Number(text);
  if (kind === 'timestamp' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text)) return Date.parse(text) / 1000;
  if (kind === 'string' || kind === 'blob') return text;
  throw new Error(`${where}: not a ${kind}: ${text}`);
}

/** Code and message of an error document of the Query protocol. @throws Error */
export function readQueryError(text: string): { readonly code: string; readonly message: string } {
  const root = parseXml(text);
  if (root.name !== 'ErrorResponse') throw new Error(`<${root.name}> instead of <ErrorResponse>`);
  const error = child(root, 'Error');
  if (!['Sender', 'Receiver'].includes(child(error, 'Type').text)) throw new Error('an error of no known type');
  child(root, 'RequestId');
  return { code: child(error, 'Code').text, message: child(error, 'Message').text };
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
