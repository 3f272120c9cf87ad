import { type Digest, digestHex } from './bytes.js';
import { formatCanonical, type JsonObject, type JsonValue, parseCanonical } from './canonical-json.js';
import { CustodyError } from './errors.js';
import { anyObject, isObject, list, object, oneOf, readFields, text } from './fields.js';

/**
 * in-toto Statements v1 (github.com/in-toto/attestation, spec/v1/statement.md) as all that is signed here has them: each subject
 * by its SHA-256 alone, and the whole in its RFC 8785 form.
 */

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';

/** What a statement is about; `name` is the file that `cosign verify-blob-attestation` is given. */
export interface Subject {
  readonly name: string;
  readonly digest: Digest;
}

/** A statement whose predicate is still to be read, by its type. */
export interface InTotoStatement {
  readonly subjects: readonly Subject[];
  readonly predicateType: string;
  readonly predicate: JsonObject;
}

const wire = object({
  _type: oneOf([STATEMENT_TYPE]),
  subject: list(
    object({
      name: text({ max: 100 }),
      digest: object({ sha256: text({ max: 64, pattern: /^[0-9a-f]{64}$/, expected: '64 hex characters' }) }),
    }),
    { min: 1, max: 4 },
  ),
  predicateType: text({ max: 100 }),
  predicate: anyObject,
});

/** The DSSE payload. */
export function formatInToto({ subjects, predicateType, predicate }: InTotoStatement): Uint8Array {
  const subject = subjects.map(({ name, digest }) => ({ name, digest: { sha256: digestHex(digest) } }));
  return Buffer.from(formatCanonical({ _type: STATEMENT_TYPE, subject, predicateType, predicate }), 'utf8');
}

/** Reads the parsed JSON of a payload. @throws CustodyError RECORD_MALFORMED */
export function readInToto(value: JsonValue, what: string): InTotoStatement {
  const { subject, predicateType, predicate } = readFields(wire, value, what, 'RECORD_MALFORMED');
  const subjects = subject.map(({ name, digest }): Subject => ({ name, digest: `sha256:${digest.sha256}` }));
  return { subjects, predicateType, predicate };
}

/** Is a payload a statement of that predicate type? It says nothing about its signature or its shape. */
export function isOfType(
  payload: Uint8Array,
  predicateType: string,
  limits: Parameters<typeof parseCanonical>[2],
): boolean {
  try {
    const value = parseCanonical(payload, 'statement', limits);
    return isObject(value) && value.predicateType === predicateType;
  } catch (cause) {
    if (cause instanceof CustodyError) return false;
    throw cause;
  }
}

/** The one subject of a statement that may have no other. @throws CustodyError RECORD_MALFORMED */
export function soleSubject({ subjects }: InTotoStatement, what: string): Subject {
  const [subject, another] = subjects;
  if (subject !== undefined && another === undefined) return subject;
  throw new CustodyError('RECORD_MALFORMED', `${what}: expected one subject, found ${subjects.length}`);
}
