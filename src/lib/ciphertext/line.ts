import { decodeBase64, encodeBase64 } from '../base/bytes.js';
import { formatCanonical, parseJson } from '../base/canonical-json.js';
import { findDuplicateName } from '../base/duplicates.js';
import { CustodyError } from '../base/errors.js';
import { mapOf, object, optional, readFields, text } from '../base/fields.js';

/** KMS takes ciphertexts of at most this many bytes (API reference, ReEncrypt, CiphertextBlob). */
export const MAX_CIPHERTEXT_BYTES = 6144;
/** A line that is longer holds no ciphertext with a context that KMS would take. */
export const MAX_LINE_BYTES = 64 * 1024;

/** A stored ciphertext, as a line of JSON: `{"id", "ciphertext": base64, "context": {…}, "keyMaterialId"?}`. */
export interface StoredCiphertext {
  /** Whatever its owner finds it again by. */
  readonly id: string;
  readonly ciphertext: Uint8Array;
  readonly context: Readonly<Record<string, string>>;
  /** The material that it is under, if known; null where not. */
  readonly keyMaterialId: string | null;
}

const MATERIAL_ID = /^[0-9a-f]{64}$/;

const wire = object({
  id: text({ max: 1024 }),
  ciphertext: text({ max: Math.ceil(MAX_CIPHERTEXT_BYTES / 3) * 4 }),
  context: mapOf(/^.{1,8192}$/su, text({ min: 0, max: 8192 }), 100),
  keyMaterialId: optional(text({ max: 64, pattern: MATERIAL_ID, expected: '64 hex characters' })),
});

/**
 * Reads one line. The context must be there, if only as `{}`: one that was forgotten would look like none.
 * @throws CustodyError RECORD_MALFORMED: not JSON, twice the same name, fields missing or unknown, no base64, too long
 */
export function parseLine(line: Uint8Array): StoredCiphertext {
  const value = parseJson(line, 'the line', { maxBytes: MAX_LINE_BYTES, maxDepth: 3 });
  // Of two ciphertexts in one line the parser would keep one and lose the other.
  const twice = findDuplicateName(Buffer.from(line).toString('utf8'));
  if (twice !== null) throw new CustodyError('RECORD_MALFORMED', `the line: the name ${twice} occurs twice`);
  const { ciphertext, keyMaterialId, ...rest } = readFields(wire, value, 'the line', 'RECORD_MALFORMED');
  const bytes = decodeBase64(ciphertext);
  if (bytes === null || bytes.length === 0) {
    throw new CustodyError('RECORD_MALFORMED', 'the line: ciphertext: expected base64 of at least one byte');
  }
  return { ...rest, ciphertext: bytes, keyMaterialId: keyMaterialId ?? null };
}

/** The line in canonical form, without its end. `parseLine` reads it back. */
export function formatLine({ id, ciphertext, context, keyMaterialId }: StoredCiphertext): string {
  return formatCanonical({
    id,
    ciphertext: encodeBase64(ciphertext),
    context: { ...context },
    ...(keyMaterialId === null ? {} : { keyMaterialId }),
  });
}
