import { decodeUtf8 } from '../base/bytes.js';
import { type JsonObject, type JsonValue, parseJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { inOrder, type OrderedJson } from './in-order.js';
import { itemTexts } from './items.js';
import { assertUnambiguous, parseUnambiguous } from './json.js';

/** A log file of CloudTrail holds some minutes of one Region; unpacked they stay far below this. */
export const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;
const MAX_DEPTH = 64;
const LIMITS = { maxBytes: MAX_DOCUMENT_BYTES, maxDepth: MAX_DEPTH };
/** For what was put in order, and so is not nested deeper. */
const MEASURED = { ...LIMITS, maxDepth: Number.POSITIVE_INFINITY };
/** "256 KB" is the most that CloudTrail keeps of an event; twice that, since escapes take room. */
const RECORD_LIMITS = { maxBytes: 512 * 1024, maxDepth: MAX_DEPTH };

/** A record, and its place in the document, from 1: the number of its line where records are lines. */
export interface RawRecord {
  readonly at: number;
  readonly record: JsonObject;
  /** The record in canonical form (RFC 8785), where that has come about by the way. */
  readonly canonical: Uint8Array | null;
}

export interface RefusedRecord {
  readonly at: number;
  readonly why: string;
}

export interface RawRecords {
  readonly records: readonly RawRecord[];
  readonly refused: readonly RefusedRecord[];
}

interface ReadValue {
  readonly at: number;
  readonly value: JsonValue;
  readonly canonical: Uint8Array | null;
}

type Read = ReadValue | RefusedRecord;

/**
 * The records of a document in any of the forms in which people have them: a log file (`{"Records": […]}`), the answer of
 * LookupEvents (`{"Events": [{"CloudTrailEvent": "…"}]}`), a list of records, or one a line, each in an envelope of
 * EventBridge (`detail`) or not. What is broken in one record leaves the others as they are.
 * @throws CustodyError RECORD_MALFORMED for what is none of these
 */
export function readRecords(bytes: Uint8Array, where: string): RawRecords {
  const read = itemsOf(bytes, where);
  const records: RawRecord[] = [];
  const refused: RefusedRecord[] = [];
  for (const item of read) {
    if ('why' in item) refused.push(item);
    else if (isObject(item.value)) records.push(withoutEnvelope(item, item.value as JsonObject));
    else refused.push({ at: item.at, why: 'no record' });
  }
  return { records, refused };
}

/** "Events from AWS services", Amazon EventBridge: the record is `detail`. */
function withoutEnvelope({ at, canonical }: ReadValue, value: JsonObject): RawRecord {
  const { detail } = value;
  const isWrapped = !('eventID' in value) && isObject(detail) && 'eventID' in detail;
  return isWrapped ? { at, record: detail as JsonObject, canonical: null } : { at, record: value, canonical };
}

function itemsOf(bytes: Uint8Array, where: string): readonly Read[] {
  const ordered = bytes.length > MAX_DOCUMENT_BYTES ? null : inOrder(bytes, MAX_DEPTH);
  const whole = attempt(() => parseJson(bytes, where, ordered === null ? LIMITS : MEASURED));
  if (whole instanceof CustodyError) return linesOf(bytes, where, whole);
  const list = listIn(whole);
  if (list === null)
    throw new CustodyError('RECORD_MALFORMED', `${where}: neither records nor a log file of CloudTrail`);
  const items = ordered === null ? judged(bytes, where, whole, list) : list.map(placedIn(ordered, list[0] === whole));
  return isObject(whole) && Array.isArray(whole.Events) ? items.map(lookedUp) : items;
}

/** Each item of a list with its canonical form. */
function placedIn({ bytes, items }: OrderedJson, isAlone: boolean) {
  return (value: JsonValue, index: number): Read => {
    const [from, to] = isAlone ? [0, bytes.length] : [items[index * 2], items[index * 2 + 1]];
    const canonical = from === undefined || to === undefined ? null : bytes.subarray(from, to);
    return { at: index + 1, value, canonical };
  };
}

function judged(bytes: Uint8Array, where: string, whole: JsonValue, list: readonly JsonValue[]): readonly Read[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const fault = attempt(() => assertUnambiguous(whole, text, where));
  if (fault instanceof CustodyError) return oneByOne(text, where, fault);
  return list.map((value, index) => ({ at: index + 1, value, canonical: null }));
}

function listIn(value: JsonValue): readonly JsonValue[] | null {
  if (Array.isArray(value)) return value;
  if (!isObject(value)) return null;
  const list = value.Records ?? value.Events;
  if (Array.isArray(list)) return list;
  return 'eventID' in value || isObject(value.detail) ? [value as JsonObject] : null;
}

/** The document says two things somewhere: each record is read by itself, so that one of them spoils only itself. */
function oneByOne(text: string, where: string, fault: CustodyError): readonly Read[] {
  const { items, rest } = itemTexts(text);
  if (items.length === 0) throw fault;
  assertUnambiguous(parseJson(Buffer.from(rest, 'utf8'), where, LIMITS), rest, where);
  return items.map((item, index) => readOne(Buffer.from(item, 'utf8'), index + 1));
}

function readOne(bytes: Uint8Array, at: number): Read {
  const ordered = bytes.length > RECORD_LIMITS.maxBytes ? null : inOrder(bytes, MAX_DEPTH);
  const value = attempt(() =>
    ordered === null
      ? parseUnambiguous(bytes, 'the record', RECORD_LIMITS)
      : parseJson(bytes, 'the record', { ...RECORD_LIMITS, maxDepth: Number.POSITIVE_INFINITY }),
  );
  return value instanceof CustodyError ? { at, why: value.message } : { at, value, canonical: ordered?.bytes ?? null };
}

/** LookupEvents wraps each record as text. */
function lookedUp(item: Read): Read {
  const text = 'value' in item && isObject(item.value) ? item.value.CloudTrailEvent : undefined;
  if (typeof text === 'string') return readOne(Buffer.from(text, 'utf8'), item.at);
  return 'why' in item ? item : { at: item.at, why: 'no CloudTrailEvent' };
}

function linesOf(bytes: Uint8Array, where: string, fault: CustodyError): readonly Read[] {
  const text = bytes.length > MAX_DOCUMENT_BYTES ? null : decodeUtf8(bytes);
  const lines = (text?.split('\n') ?? []).map((line, index) => ({ line, at: index + 1 }));
  const read = lines
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, at }) => readOne(Buffer.from(line, 'utf8'), at));
  // A text without a single record is another kind of file, not a bad line.
  if (read.some((item) => 'value' in item)) return read;
  throw new CustodyError('RECORD_MALFORMED', `${where}: holds no JSON`, { cause: fault });
}

function attempt<T>(read: () => T): T | CustodyError {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'RECORD_MALFORMED') return cause;
    throw cause;
  }
}
