import { decodeUtf8 } from '../base/bytes.js';
import type { JsonObject, JsonValue } from '../base/canonical-json.js';
import { parseJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';

/**
 * JSON as backups hold it: names in the order of RFC 8785, one value a line, two spaces, a line feed at the end. One value
 * has one form, and `git log -p` shows what changed and nothing else.
 */
export function formatText(value: JsonValue): Uint8Array {
  return Buffer.from(`${JSON.stringify(ordered(value), null, 2)}\n`, 'utf8');
}

/** The largest is a key's list of grants: KMS allows 50,000, and GetKeyPolicy gives 32 KiB. */
const LIMITS = { maxBytes: 1024 * 1024, maxDepth: 32 };

/** Reads what `formatText` wrote, byte for byte. @throws CustodyError RECORD_MALFORMED */
export function parseText(bytes: Uint8Array, what: string): JsonValue {
  const value = parseJson(bytes, what, LIMITS);
  if (Buffer.compare(formatText(value), bytes) === 0) return value;
  throw new CustodyError('RECORD_MALFORMED', `${what}: not in the form that a backup has`);
}

function ordered(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(ordered);
  if (!isObject(value)) return value;
  // No prototype: a policy may hold a name like __proto__.
  const result: Record<string, JsonValue> = Object.create(null);
  for (const name of Object.keys(value).sort()) result[name] = ordered((value as JsonObject)[name] ?? null);
  return result;
}

/** Text of a file; @throws CustodyError RECORD_MALFORMED when it is none */
export function textOf(bytes: Uint8Array, what: string): string {
  const text = decodeUtf8(bytes);
  if (text !== null) return text;
  throw new CustodyError('RECORD_MALFORMED', `${what}: not UTF-8`);
}
