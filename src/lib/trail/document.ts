import { decodeUtf8 } from '../base/bytes.js';
import { type JsonValue, parseJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { eventOf, type TrailEvent } from './event.js';

/** A log file of CloudTrail holds 15 minutes of one Region; unpacked they stay far below this. */
export const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;
const LIMITS = { maxBytes: MAX_DOCUMENT_BYTES, maxDepth: 64 };

export interface TrailDocument {
  readonly events: readonly TrailEvent[];
  /** Records that are none, by their place in the document, from 1. */
  readonly unreadable: readonly number[];
}

/**
 * The events of a document in any of the forms in which people have them: a log file (`{"Records": […]}`), the answer of
 * LookupEvents (`{"Events": [{"CloudTrailEvent": "…"}]}`), one record a line, or a list of records.
 * @throws CustodyError RECORD_MALFORMED for what is none of these
 */
export function readTrail(bytes: Uint8Array, where: string): TrailDocument {
  const records = recordsOf(bytes, where);
  const events: TrailEvent[] = [];
  const unreadable: number[] = [];
  for (const [at, record] of records.entries()) {
    const event = eventOf(record);
    if (event) events.push(event);
    else unreadable.push(at + 1);
  }
  return { events, unreadable };
}

/** The records of such a document as they are. @throws CustodyError RECORD_MALFORMED */
export function recordsOf(bytes: Uint8Array, where: string): readonly unknown[] {
  const whole = attempt(() => parseJson(bytes, where, LIMITS));
  if (Array.isArray(whole)) return whole;
  if (isObject(whole) && Array.isArray(whole.Records)) return whole.Records;
  if (isObject(whole) && Array.isArray(whole.Events)) return whole.Events.map(lookedUp);
  if (isObject(whole) && 'eventID' in whole) return [whole];
  if (whole === undefined) return linesOf(bytes, where);
  throw new CustodyError('RECORD_MALFORMED', `${where}: neither a CloudTrail log file nor an answer of LookupEvents`);
}

/** LookupEvents wraps each record as text. */
function lookedUp(item: unknown): unknown {
  const text = isObject(item) ? item.CloudTrailEvent : undefined;
  return typeof text === 'string' ? attempt(() => parseJson(Buffer.from(text, 'utf8'), 'an event')) : undefined;
}

function linesOf(bytes: Uint8Array, where: string): readonly unknown[] {
  const text = bytes.length > MAX_DOCUMENT_BYTES ? null : decodeUtf8(bytes);
  const lines = text?.split('\n').filter((line) => line.trim() !== '') ?? [];
  const records = lines.map((line) => attempt(() => parseJson(Buffer.from(line, 'utf8'), where)));
  // A text without a single record is another kind of file, not a bad line.
  if (records.some((record) => record !== undefined)) return records;
  throw new CustodyError('RECORD_MALFORMED', `${where}: holds no JSON`);
}

function attempt(read: () => JsonValue): JsonValue | undefined {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'RECORD_MALFORMED') return undefined;
    throw cause;
  }
}
