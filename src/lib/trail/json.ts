import { type JsonLimits, type JsonValue, parseJson } from '../base/canonical-json.js';
import { findDuplicateName } from '../base/duplicates.js';
import { CustodyError } from '../base/errors.js';

/**
 * JSON that says one thing only: names that occur twice and halves of surrogate pairs are refused, since two readers
 * would read two things in them.
 * @throws CustodyError RECORD_MALFORMED
 */
export function parseUnambiguous(bytes: Uint8Array, where: string, limits: JsonLimits): JsonValue {
  const value = parseJson(bytes, where, limits);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  assertUnambiguous(value, text, where);
  return value;
}

/** The same for text that was parsed already. @throws CustodyError RECORD_MALFORMED */
export function assertUnambiguous(value: JsonValue, text: string, where: string): void {
  const written = JSON.stringify(value);
  // Pairs are written as characters: an escape that is left is half of one.
  if (/(?<!\\)(?:\\\\)*\\ud[89a-f]/i.test(written)) {
    throw new CustodyError('RECORD_MALFORMED', `${where}: half of a surrogate pair`);
  }
  // What is written back as it was read has lost no name: almost every file of CloudTrail's.
  const twice = written === text ? null : findDuplicateName(text);
  if (twice !== null) {
    throw new CustodyError('RECORD_MALFORMED', `${where}: the name ${twice.slice(0, 80)} occurs twice`);
  }
}
