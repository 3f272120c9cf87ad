import { sha256Hex } from '../base/bytes.js';
import { isObject, list, nullable, object, type Reader, readFields, text, where } from '../base/fields.js';
import { type Instant, isInstant } from '../base/time.js';
import { parseUnambiguous } from './json.js';

/** "CloudTrail digest file structure", AWS CloudTrail User Guide. */

/** An hour's digest names its log files; even thousands of them stay far below this. */
export const MAX_DIGEST_BYTES = 32 * 1024 * 1024;
const LIMITS = { maxBytes: MAX_DIGEST_BYTES, maxDepth: 8 };

export interface ListedLog {
  readonly bucket: string;
  readonly object: string;
  /** SHA-256 of the unpacked file, lower-case hex. */
  readonly hashHex: string;
}

export interface TrailDigest {
  /** SHA-256 of the unpacked digest file, lower-case hex. */
  readonly hashHex: string;
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  /** `endsAt` as the file writes it: that text is signed. */
  readonly endText: string;
  readonly bucket: string;
  readonly object: string;
  readonly fingerprint: string;
  /** Null for the first one after validation was switched on. */
  readonly previous: PreviousDigest | null;
  readonly logs: readonly ListedLog[];
}

export interface PreviousDigest {
  readonly bucket: string;
  readonly object: string;
  readonly hashHex: string;
  readonly signatureHex: string;
}

const time = where(
  (value): value is string => typeof value === 'string' && isInstant(value.replace(/Z$/, '.000Z')),
  'a time like 2015-08-17T15:01:31Z',
);
const hash = text({ max: 64, pattern: /^[0-9a-f]{64}$/, expected: '64 hex characters' });
const signature = text({ max: 2048, pattern: /^(?:[0-9a-f]{2})+$/, expected: 'a signature in hex' });
const place = text({ max: 1024, pattern: /^[^\p{Cc}]+$/u, expected: 'a name in S3' });
const sha256Name = where((value): value is 'SHA-256' => value === 'SHA-256', 'SHA-256');

const DIGEST = object({
  digestStartTime: time,
  digestEndTime: time,
  digestS3Bucket: place,
  digestS3Object: place,
  digestPublicKeyFingerprint: text({ max: 128, pattern: /^[0-9a-fA-F]+$/, expected: 'a fingerprint in hex' }),
  digestSignatureAlgorithm: where((value): value is 'SHA256withRSA' => value === 'SHA256withRSA', 'SHA256withRSA'),
  previousDigestS3Bucket: nullable(place),
  previousDigestS3Object: nullable(place),
  previousDigestHashValue: nullable(hash),
  previousDigestHashAlgorithm: nullable(sha256Name),
  previousDigestSignature: nullable(signature),
  logFiles: list(only(object({ s3Bucket: place, s3Object: place, hashValue: hash, hashAlgorithm: sha256Name })), {
    max: 100_000,
  }),
});
const NAMES = [
  'digestStartTime',
  'digestEndTime',
  'digestS3Bucket',
  'digestS3Object',
  'digestPublicKeyFingerprint',
  'digestSignatureAlgorithm',
  'previousDigestS3Bucket',
  'previousDigestS3Object',
  'previousDigestHashValue',
  'previousDigestHashAlgorithm',
  'previousDigestSignature',
  'logFiles',
];

/** CloudTrail may add fields: those that are not needed are left alone. */
function only<T>(read: Reader<T>): Reader<T> {
  const names = ['s3Bucket', 's3Object', 'hashValue', 'hashAlgorithm'];
  return (value, path, faults) => read(pick(value, names), path, faults);
}

function pick(value: unknown, names: readonly string[]): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(names.filter((name) => Object.hasOwn(value, name)).map((name) => [name, value[name]]));
}

/** @throws CustodyError RECORD_MALFORMED for what is no digest file */
export function parseDigest(unpacked: Uint8Array, name: string): TrailDigest {
  const value = parseUnambiguous(unpacked, name, LIMITS);
  const said = readFields(DIGEST, pick(value, NAMES), name, 'RECORD_MALFORMED');
  return {
    hashHex: sha256Hex(unpacked),
    startsAt: readTime(said.digestStartTime),
    endsAt: readTime(said.digestEndTime),
    endText: said.digestEndTime,
    bucket: said.digestS3Bucket,
    object: said.digestS3Object,
    fingerprint: said.digestPublicKeyFingerprint,
    previous: previousOf(said),
    logs: said.logFiles.map(({ s3Bucket, s3Object, hashValue }) => ({
      bucket: s3Bucket,
      object: s3Object,
      hashHex: hashValue,
    })),
  };
}

function readTime(value: string): Instant {
  const at = value.replace(/Z$/, '.000Z');
  return isInstant(at) ? at : readFields(where(isInstant, 'a time'), at, 'a digest', 'RECORD_MALFORMED');
}

/** Null only when nothing is said of a previous one: half of a link is none. */
function previousOf(said: {
  readonly previousDigestS3Bucket: string | null;
  readonly previousDigestS3Object: string | null;
  readonly previousDigestHashValue: string | null;
  readonly previousDigestSignature: string | null;
}): PreviousDigest | null {
  const { previousDigestS3Bucket: bucket, previousDigestS3Object: object } = said;
  const { previousDigestHashValue: hashHex, previousDigestSignature: signatureHex } = said;
  if (bucket === null || object === null || hashHex === null || signatureHex === null) return null;
  return { bucket, object, hashHex, signatureHex };
}
