import { encodeBase64 } from '../../base/bytes.js';
import type { JsonObject } from '../../base/canonical-json.js';
import { list, object, optional, type Reader, text } from '../../base/fields.js';
import { base64Bytes, decimal } from './wire.js';

/** An entry of a transparency log with the proof that the log holds it (protobuf-specs `TransparencyLogEntry`). */
export interface LogEntry {
  readonly logIndex: string;
  readonly logId: { readonly keyId: Buffer };
  readonly kindVersion: { readonly kind: string; readonly version: string };
  /** Seconds since 1970, by the log's word; '0' where the log gives no time (Rekor v2). */
  readonly integratedTime: string;
  /** Rekor v1's signed promise to include the entry: it covers `integratedTime`. */
  readonly inclusionPromise: { readonly signedEntryTimestamp: Buffer } | undefined;
  readonly inclusionProof: InclusionProof;
  readonly canonicalizedBody: Buffer;
}

export interface InclusionProof {
  readonly logIndex: string;
  readonly rootHash: Buffer;
  readonly treeSize: string;
  readonly hashes: Buffer[];
  readonly checkpoint: { readonly envelope: string };
}

const MAX_BODY_BYTES = 64 * 1024;
const MAX_CHECKPOINT = 8 * 1024;
/** A tree of 2^63 leaves has no longer path. */
const MAX_HASHES = 63;

const word = text({ max: 40, pattern: /^[a-z0-9.]+$/, expected: 'a word' });
const shape = object({
  logIndex: optional(decimal),
  logId: object({ keyId: base64Bytes(32, 32) }),
  kindVersion: object({ kind: word, version: word }),
  integratedTime: optional(decimal),
  inclusionPromise: optional(object({ signedEntryTimestamp: base64Bytes(8, 512) })),
  // A bundle v0.3 must carry the proof; a promise alone is not enough.
  inclusionProof: object({
    logIndex: optional(decimal),
    rootHash: base64Bytes(32, 32),
    treeSize: decimal,
    hashes: optional(list(base64Bytes(32, 32), { max: MAX_HASHES })),
    checkpoint: object({ envelope: text({ max: MAX_CHECKPOINT }) }),
  }),
  canonicalizedBody: base64Bytes(2, MAX_BODY_BYTES),
});

/** Writers of ProtoJSON leave out what is zero or empty. */
export const logEntry: Reader<LogEntry> = (value, path, faults) => {
  const read = shape(value, path, faults);
  if (read === undefined) return undefined;
  const { inclusionProof: proof } = read;
  return {
    ...read,
    logIndex: read.logIndex ?? '0',
    integratedTime: read.integratedTime ?? '0',
    inclusionPromise: read.inclusionPromise,
    inclusionProof: { ...proof, logIndex: proof.logIndex ?? '0', hashes: [...(proof.hashes ?? [])] },
  };
};

/** The inverse of the reader. */
export function logEntryJson({
  logId,
  inclusionPromise,
  inclusionProof,
  canonicalizedBody,
  ...rest
}: LogEntry): JsonObject {
  const promise = inclusionPromise && {
    inclusionPromise: { signedEntryTimestamp: encodeBase64(inclusionPromise.signedEntryTimestamp) },
  };
  return {
    ...rest,
    ...promise,
    logId: { keyId: encodeBase64(logId.keyId) },
    inclusionProof: {
      ...inclusionProof,
      rootHash: encodeBase64(inclusionProof.rootHash),
      hashes: inclusionProof.hashes.map(encodeBase64),
    },
    canonicalizedBody: encodeBase64(canonicalizedBody),
  };
}
