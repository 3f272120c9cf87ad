import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { decodeBase64 } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { type Instant, instantFromMillis } from '../base/time.js';
import type { TrailDigest } from './digest-file.js';
import { parseUnambiguous } from './json.js';

/** A key of CloudTrail's that signs digests (ListPublicKeys): one pair a Region, changed from time to time. */
export interface TrailKey {
  readonly fingerprint: string;
  /** PKCS #1 RSAPublicKey, DER. */
  readonly der: Uint8Array;
  readonly validFrom: Instant;
  readonly validUntil: Instant;
}

/** PORT: CloudTrail's public keys. */
export interface TrailKeys {
  /**
   * Those of a Region that were valid at some time from `from` to `until`.
   * @throws CustodyError DENIED, UNAVAILABLE, THROTTLED, RECORD_MALFORMED
   */
  keys(region: string, from: Instant, until: Instant): Promise<readonly TrailKey[]>;
}

/**
 * What is signed: the end of the hour, the place of the file, its hash and the signature before it ("Custom
 * implementations of CloudTrail log file integrity validation", AWS CloudTrail User Guide). For the first of a chain the
 * last line is the word `null`.
 */
export function stringToSign(
  { endText, bucket, object, hashHex }: TrailDigest,
  previousSignature: string | null,
): string {
  return `${endText}\n${bucket}/${object}\n${hashHex}\n${previousSignature ?? 'null'}`;
}

/** SHA256withRSA: RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2). False for anything that is not that signature. */
export function isSignedBy(digest: TrailDigest, signatureHex: string, { der }: TrailKey): boolean {
  const key = keyOf(der);
  if (key === null || !/^(?:[0-9a-fA-F]{2})+$/.test(signatureHex)) return false;
  const said = Buffer.from(stringToSign(digest, digest.previous?.signatureHex ?? null), 'utf8');
  return verify('sha256', said, key, Buffer.from(signatureHex, 'hex'));
}

function keyOf(der: Uint8Array): KeyObject | null {
  try {
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'pkcs1' });
    return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048 ? key : null;
  } catch {
    return null;
  }
}

const LIMITS = { maxBytes: 1024 * 1024, maxDepth: 6 };

/**
 * Keys as `aws cloudtrail list-public-keys` prints them.
 * @throws CustodyError RECORD_MALFORMED
 */
export function parsePublicKeys(bytes: Uint8Array, where: string): readonly TrailKey[] {
  const value = parseUnambiguous(bytes, where, LIMITS);
  const found = isObject(value) ? value.PublicKeyList : null;
  const keys = Array.isArray(found) ? found.map(publicKeyOf) : [];
  if (keys.length > 0 && keys.every((key) => key !== null)) return keys.filter((key) => key !== null);
  throw new CustodyError('RECORD_MALFORMED', `${where}: not an answer of ListPublicKeys`, {
    suggestions: ['Write one with `aws cloudtrail list-public-keys --start-time … --output json`.'],
  });
}

function publicKeyOf(item: unknown): TrailKey | null {
  if (!isObject(item)) return null;
  const { Value: value, Fingerprint: fingerprint } = item;
  const der = typeof value === 'string' ? decodeBase64(value) : null;
  const [validFrom, validUntil] = [timeOf(item.ValidityStartTime), timeOf(item.ValidityEndTime)];
  if (der === null || typeof fingerprint !== 'string' || validFrom === null || validUntil === null) return null;
  return { fingerprint, der, validFrom, validUntil };
}

/** The AWS CLI writes times of JSON services as ISO 8601 with an offset, or in seconds, as it is told. */
function timeOf(value: unknown): Instant | null {
  const millis = typeof value === 'number' ? value * 1000 : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(millis) ? null : instantFromMillis(millis);
}
