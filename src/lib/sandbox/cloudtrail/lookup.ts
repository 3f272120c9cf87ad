import { sha256Hex } from '../../base/bytes.js';
import type { JsonObject } from '../../base/canonical-json.js';
import { isObject } from '../kms/input.js';
import { type Call, ServiceError } from '../service.js';
import { type EventRow, KEPT_MILLIS } from './trail.js';

/** LookupEvents (CloudTrail API Reference): management events of one Region, newest first, of the last 90 days. */

const MOST = 50;

/** What each attribute is compared with. */
const ATTRIBUTES: Readonly<Record<string, (row: EventRow) => readonly (string | null)[]>> = {
  AccessKeyId: (row) => [row.accessKeyId],
  EventId: (row) => [row.eventId],
  EventName: (row) => [row.name],
  EventSource: (row) => [row.source],
  ReadOnly: (row) => [String(row.readOnly)],
  ResourceName: (row) => row.resources.map(([, name]) => name),
  ResourceType: (row) => row.resources.map(([type]) => type),
  Username: (row) => [row.userName],
};

interface Query {
  readonly fromMillis: number;
  readonly untilMillis: number;
  readonly attribute: { readonly key: string; readonly value: string } | null;
  readonly insight: boolean;
  readonly limit: number;
  /** Of the last event of the page before. */
  readonly before: number;
  readonly digest: string;
}

/** One page. @throws ServiceError InvalidTimeRangeException, InvalidMaxResultsException and the like */
export function lookUp(rows: readonly EventRow[], input: JsonObject, call: Call, delayMillis: number): JsonObject {
  const query = readQuery(input);
  const seen = { ...query, untilMillis: Math.min(query.untilMillis, call.nowMillis - delayMillis) };
  const page = query.insight ? [] : collect(rows, seen, call);
  const shown = page.slice(0, query.limit);
  const last = shown.at(-1);
  const more = page.length > query.limit && last !== undefined;
  return { Events: shown.map(show), ...(more && { NextToken: formatToken(query.digest, last.number) }) };
}

/** One more than fits, so that the caller knows whether there is another page. */
function collect(rows: readonly EventRow[], query: Query, call: Call): readonly EventRow[] {
  const oldest = Math.max(query.fromMillis, call.nowMillis - KEPT_MILLIS);
  const found: EventRow[] = [];
  for (let at = rows.length - 1; at >= 0 && found.length <= query.limit; at--) {
    const row = rows[at];
    if (row === undefined || row.number >= query.before || row.region !== call.region) continue;
    if (row.atMillis >= oldest && row.atMillis <= query.untilMillis && matches(row, query)) found.push(row);
  }
  return found;
}

function matches(row: EventRow, { attribute }: Query): boolean {
  return attribute === null || (ATTRIBUTES[attribute.key]?.(row) ?? []).includes(attribute.value);
}

function readQuery(input: JsonObject): Query {
  const [from, until] = [readTime(input, 'StartTime'), readTime(input, 'EndTime')];
  if (from !== null && until !== null && from > until)
    throw refused('InvalidTimeRangeException', 'StartTime must be before EndTime.');
  const { EventCategory: category = null, MaxResults: limit = MOST, NextToken: token = null } = input;
  if (category !== null && category !== 'insight')
    throw refused('InvalidEventCategoryException', 'EventCategory must be insight.');
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw refused('InvalidMaxResultsException', `MaxResults must be from 1 to ${MOST}.`);
  const attribute = readAttribute(input);
  const digest = sha256Hex(JSON.stringify([from, until, category, attribute])).slice(0, 16);
  return {
    // Epoch seconds on the wire; an end includes its whole second.
    fromMillis: from === null ? 0 : from * 1000,
    untilMillis: until === null ? Number.POSITIVE_INFINITY : Math.floor(until) * 1000 + 999,
    attribute,
    insight: category === 'insight',
    limit,
    before: token === null ? Number.POSITIVE_INFINITY : parseToken(token, digest),
    digest,
  };
}

function readTime(input: JsonObject, name: string): number | null {
  const value = input[name] ?? null;
  if (value === null) return null;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw refused('SerializationException', `${name} must be a timestamp`);
}

function readAttribute(input: JsonObject): Query['attribute'] {
  const list = input.LookupAttributes ?? [];
  if (!Array.isArray(list)) throw refused('SerializationException', 'LookupAttributes must be a list');
  if (list.length === 0) return null;
  const [only, ...others] = list;
  const { AttributeKey: key, AttributeValue: value } = isObject(only) ? only : {};
  const sound = typeof key === 'string' && typeof value === 'string' && Object.hasOwn(ATTRIBUTES, key);
  if (!sound || others.length > 0 || value.length < 1 || value.length > 2000)
    throw refused('InvalidLookupAttributesException', 'You must specify exactly one valid lookup attribute.');
  return { key, value };
}

/** A token goes on with the query that it came from, and with no other. */
function formatToken(digest: string, number: number): string {
  return Buffer.from(`${digest}:${number}`).toString('base64');
}

function parseToken(token: unknown, digest: string): number {
  const [owner, number = ''] =
    typeof token === 'string' ? Buffer.from(token, 'base64').toString('latin1').split(':') : [];
  if (owner === digest && /^[1-9]\d{0,14}$/.test(number)) return Number(number);
  throw refused('InvalidNextTokenException', 'The NextToken is not valid for this request.');
}

function show(row: EventRow): JsonObject {
  return {
    EventId: row.eventId,
    EventName: row.name,
    ReadOnly: String(row.readOnly),
    ...(row.accessKeyId !== null && { AccessKeyId: row.accessKeyId }),
    EventTime: Math.floor(row.atMillis / 1000),
    EventSource: row.source,
    ...(row.userName !== null && { Username: row.userName }),
    Resources: row.resources.map(([ResourceType, ResourceName]) => ({ ResourceType, ResourceName })),
    CloudTrailEvent: row.text,
  };
}

function refused(code: string, message: string): ServiceError {
  return new ServiceError(code, message);
}
