import { decodeBase64 } from '../../base/bytes.js';
import { type JsonValue, parseJson } from '../../base/canonical-json.js';
import { findDuplicateName } from '../../base/duplicates.js';
import { CustodyError } from '../../base/errors.js';
import { fault, type Reader, text } from '../../base/fields.js';

/** Readers of protobuf's JSON form (ProtoJSON): bytes are base64, 64-bit numbers are text. */

/** Bytes as strict base64 (RFC 4648 section 4), `min` to `max` of them. Junk that other readers skip is a fault. */
export function base64Bytes(min: number, max: number): Reader<Buffer> {
  const expected = min === max ? `base64 of ${min} bytes` : `base64 of ${min} to ${max} bytes`;
  return (value, path, faults) => {
    const small = typeof value === 'string' && value.length <= 4 * Math.ceil(max / 3);
    const bytes = small ? decodeBase64(value) : null;
    return bytes !== null && bytes.length >= min && bytes.length <= max ? bytes : fault(faults, path, expected, value);
  };
}

/** A number from 0 to below 10^16, as decimal text without leading zeros. */
export const decimal: Reader<string> = text({
  max: 16,
  pattern: /^(?:0|[1-9][0-9]*)$/,
  expected: 'a whole number as text',
});

/** RFC 3339 in UTC, to the second or with a fraction of up to nine digits. */
export const timestamp: Reader<Date> = (value, path, faults) => {
  const fits = typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(value);
  const date = new Date(fits ? value : Number.NaN);
  return Number.isNaN(date.getTime()) ? fault(faults, path, 'an RFC 3339 instant in UTC', value) : date;
};

/**
 * A JSON document of Sigstore's; one name twice in one object is refused, for two readers would see two documents.
 * @throws CustodyError RECORD_MALFORMED
 */
export function parseDocument(bytes: Uint8Array, what: string, maxBytes: number): JsonValue {
  const value = parseJson(bytes, what, { maxBytes, maxDepth: 16 });
  const twice = findDuplicateName(Buffer.from(bytes).toString('utf8'));
  if (twice === null) return value;
  throw new CustodyError('RECORD_MALFORMED', `${what}: the name ${twice.slice(0, 80)} occurs twice`);
}
