import { decodeUtf8 } from '../../base/bytes.js';
import type { JsonObject, JsonValue } from '../../base/canonical-json.js';
import { instantFromMillis } from '../../base/time.js';
import type { ServiceError } from '../service.js';
import { wireFault } from './faults.js';
import { type Element, formatXml, toElements } from './xml.js';

/** AWS Query: `Action=…&Version=…&List.member.1.Name=…` in, XML out. */

export interface Payload {
  /** Empty: the answer has none. */
  readonly contentType: string;
  readonly text: string;
  /** In place of `text`. */
  readonly body?: Buffer;
  /** Of a success; default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A decoded form: `action` and `version` apart from the operation's own members, all text. */
export interface QueryForm {
  readonly action: string;
  readonly version: string;
  readonly input: JsonObject;
}

const MAX_FIELDS = 1000;
const MAX_DEPTH = 8;
const NAME = /^[A-Za-z][A-Za-z0-9]{0,127}$/;
const INDEX = /^[1-9][0-9]{0,3}$/;

type Tree = Map<string, Tree | string>;

/** @throws ServiceError MissingAction, MalformedInput */
export function decodeQuery(body: Uint8Array): QueryForm {
  const tree: Tree = new Map();
  const text = decodeUtf8(body);
  const fields = text === null ? null : splitForm(text);
  if (fields === null) throw malformed('not a form of UTF-8 text');
  for (const [name, value] of fields) plant(tree, name, value);
  const action = tree.get('Action');
  const version = tree.get('Version');
  if (typeof action !== 'string' || action === '') throw wireFault('query', 'missingAction', 'Missing Action');
  tree.delete('Action');
  tree.delete('Version');
  return { action, version: typeof version === 'string' ? version : '', input: toObject(tree) };
}

function splitForm(text: string): [string, string][] | null {
  const pairs = text.split('&').filter((pair) => pair !== '');
  if (pairs.length > MAX_FIELDS) return null;
  const decoded = pairs.map((pair): [string | null, string | null] => {
    const at = pair.indexOf('=');
    return at < 0 ? [decodePart(pair), ''] : [decodePart(pair.slice(0, at)), decodePart(pair.slice(at + 1))];
  });
  return decoded.every((pair): pair is [string, string] => pair[0] !== null && pair[1] !== null) ? decoded : null;
}

function decodePart(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

/** Names are split at dots into a tree; a name that is both a value and a parent, or comes twice, is refused. */
function plant(tree: Tree, name: string, value: string): void {
  const path = name.split('.');
  const last = path.pop();
  if (last === undefined || path.length >= MAX_DEPTH) throw malformed('a name is nested too deeply');
  let at = tree;
  for (const part of path) {
    const next = at.get(checkName(part)) ?? new Map<string, Tree | string>();
    if (typeof next === 'string') throw malformed(`${name} is given twice`);
    at.set(part, next);
    at = next;
  }
  if (at.has(checkName(last))) throw malformed(`${name} is given twice`);
  at.set(last, value);
}

function checkName(part: string): string {
  if (!NAME.test(part) && !INDEX.test(part)) throw malformed('a name is not one of a member');
  return part;
}

function toObject(tree: Tree): JsonObject {
  return Object.fromEntries(Array.from(tree, ([name, value]) => [name, toValue(value)]));
}

function toValue(value: Tree | string): JsonValue {
  if (typeof value === 'string') return value;
  const members = value.get('member');
  if (value.size !== 1 || members === undefined) return toObject(value);
  if (typeof members === 'string') {
    if (members !== '') throw malformed('a list is given as text');
    return [];
  }
  return Array.from(members, ([index, item]) => ({ index: indexOf(index), item }))
    .sort((a, b) => a.index - b.index)
    .map(({ item }) => toValue(item));
}

function indexOf(part: string): number {
  if (!INDEX.test(part)) throw malformed('a list has indices only');
  return Number(part);
}

function malformed(message: string) {
  return wireFault('query', 'malformed', message);
}

/** Members of IAM and STS that are instants on the wire, epoch seconds in the model. */
const TIMESTAMPS = new Set(['CreateDate', 'Expiration', 'UpdateDate', 'PasswordLastUsed']);

function withInstants(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withInstants);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]): [string, JsonValue] => [
      name,
      TIMESTAMPS.has(name) && typeof item === 'number'
        ? instantFromMillis(item * 1000).replace(/\.\d{3}Z$/, 'Z')
        : withInstants(item),
    ]),
  );
}

/** An answer of the Query protocol as XML. */
export function encodeQuery(namespace: string, action: string, answer: JsonObject, requestId: string): Payload {
  const result = toElements(withInstants(answer));
  const metadata: Element = { name: 'ResponseMetadata', children: [{ name: 'RequestId', children: requestId }] };
  const parts =
    Object.keys(answer).length === 0 ? [metadata] : [{ name: `${action}Result`, children: result }, metadata];
  return xml({ name: `${action}Response`, attributes: { xmlns: namespace }, children: parts });
}

/** An error of the Query protocol as XML. */
export function encodeQueryError(namespace: string, error: ServiceError, requestId: string): Payload {
  const detail: Element[] = [
    { name: 'Type', children: error.status >= 500 ? 'Receiver' : 'Sender' },
    { name: 'Code', children: error.code },
    { name: 'Message', children: error.message },
  ];
  return xml({
    name: 'ErrorResponse',
    attributes: { xmlns: namespace },
    children: [
      { name: 'Error', children: detail },
      { name: 'RequestId', children: requestId },
    ],
  });
}

function xml(element: Element): Payload {
  return { contentType: 'text/xml', text: formatXml(element) };
}
