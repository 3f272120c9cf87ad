import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Digest, digestOf } from '../../base/bytes.js';
import { formatCanonical, type JsonValue } from '../../base/canonical-json.js';
import { CustodyError } from '../../base/errors.js';
import { isObject, list, object, oneOf, optional, type Reader, readFields, text } from '../../base/fields.js';
import { base64Bytes, parseDocument, timestamp } from './wire.js';

/** Whom a Sigstore instance's users trust: its `trusted_root.json` (protobuf-specs `TrustedRoot`), read strictly. */
export interface TrustedRoot {
  /** SHA-256 of the file, as a plan pins it. */
  readonly digest: Digest;
  readonly logs: readonly TrustedLog[];
  readonly ctLogs: readonly TrustedLog[];
  readonly certificateAuthorities: readonly TrustedAuthority[];
  readonly timestampAuthorities: readonly TrustedAuthority[];
}

export interface Validity {
  readonly start: Date;
  /** Absent: until it is replaced. */
  readonly end: Date | undefined;
}

export interface TrustedLog {
  readonly baseUrl: string;
  /** What its checkpoints may be signed as: its host, with the path where it has one. */
  readonly names: readonly string[];
  readonly logId: Buffer;
  /** The key id of its checkpoints, where it is another one. */
  readonly checkpointKeyId: Buffer;
  readonly key: KeyObject;
  readonly validFor: Validity;
}

export interface TrustedAuthority {
  /** Where it is, as the file says; many files do not. */
  readonly uri: string | undefined;
  /** DER, the leaf or lowest authority first. */
  readonly certificates: readonly Buffer[];
  readonly validFor: Validity;
}

export const MAX_TRUSTED_ROOT_BYTES = 512 * 1024;
const MEDIA_TYPES = [
  'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  'application/vnd.dev.sigstore.trustedroot.v0.2+json',
] as const;

/** Key formats of protobuf-specs `PublicKeyDetails`: how their bytes are to be read. */
const KEY_FORMATS = {
  PKIX_ECDSA_P256_SHA_256: 'spki',
  PKIX_ECDSA_P384_SHA_384: 'spki',
  PKIX_ECDSA_P521_SHA_512: 'spki',
  PKIX_ED25519: 'spki',
  PKIX_RSA_PKCS1V15_2048_SHA256: 'spki',
  PKIX_RSA_PKCS1V15_3072_SHA256: 'spki',
  PKIX_RSA_PKCS1V15_4096_SHA256: 'spki',
  PKCS1_RSA_PKCS1V5: 'pkcs1',
} as const;
type KeyFormat = keyof typeof KEY_FORMATS;

const line = text({ min: 0, max: 300 });
// Without a start a key would count for all times past.
const validity = object({ start: timestamp, end: optional(timestamp) });
const keyId = object({ keyId: base64Bytes(4, 32) });
const log = object({
  baseUrl: text({ max: 300, pattern: /^https?:\/\/[^\s?#]+$/, expected: 'a URL' }),
  hashAlgorithm: oneOf(['SHA2_256']),
  publicKey: object({
    rawBytes: base64Bytes(16, 2048),
    keyDetails: oneOf(Object.keys(KEY_FORMATS) as KeyFormat[]),
    validFor: validity,
  }),
  logId: object({ keyId: base64Bytes(32, 32) }),
  checkpointKeyId: optional(keyId),
  operator: optional(line),
});
const authority = object({
  subject: optional(object({ organization: optional(line), commonName: optional(line) })),
  uri: optional(line),
  certChain: object({ certificates: list(object({ rawBytes: base64Bytes(1, 16 * 1024) }), { min: 1, max: 8 }) }),
  validFor: validity,
  operator: optional(line),
});
const some = <T>(read: Reader<T>) => optional(list(read, { max: 64 }));
const shape = object({
  mediaType: oneOf(MEDIA_TYPES),
  tlogs: some(log),
  ctlogs: some(log),
  certificateAuthorities: some(authority),
  timestampAuthorities: some(authority),
});

/** @throws CustodyError RECORD_MALFORMED, with every fault */
export function parseTrustedRoot(bytes: Uint8Array, what = 'trusted root'): TrustedRoot {
  const json = parseDocument(bytes, what, MAX_TRUSTED_ROOT_BYTES);
  const wire = readFields(shape, json, what, 'RECORD_MALFORMED');
  return {
    digest: digestOf(bytes),
    logs: (wire.tlogs ?? []).map((one) => trustedLog(one, what)),
    ctLogs: (wire.ctlogs ?? []).map((one) => trustedLog(one, what)),
    certificateAuthorities: (wire.certificateAuthorities ?? []).map(trustedAuthority),
    timestampAuthorities: (wire.timestampAuthorities ?? []).map(trustedAuthority),
  };
}

/**
 * A trusted root as it is pinned: canonical JSON, so that the same content has one digest, and without the `operator`
 * fields, at which older versions of Cosign stop.
 * @throws CustodyError RECORD_MALFORMED, also for what `parseTrustedRoot` would refuse
 */
export function normalizeTrustedRoot(bytes: Uint8Array, what: string): Uint8Array {
  const json = parseDocument(bytes, what, MAX_TRUSTED_ROOT_BYTES);
  const normal = Buffer.from(formatCanonical(withoutOperators(json)), 'utf8');
  parseTrustedRoot(normal, what);
  return normal;
}

function withoutOperators(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutOperators);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([name]) => name !== 'operator');
  return Object.fromEntries(kept.map(([name, item]) => [name, withoutOperators(item as JsonValue)]));
}

/**
 * The file that was pinned, and no other.
 * @throws CustodyError REFUSED for another digest; RECORD_MALFORMED
 */
export function parsePinnedRoot(bytes: Uint8Array, pinned: string, what = 'trusted root'): TrustedRoot {
  const found = digestOf(bytes);
  if (found === pinned) return parseTrustedRoot(bytes, what);
  throw new CustodyError('REFUSED', `${what} is not the trusted root that is pinned`, {
    details: { expected: pinned, found },
    suggestions: ['custody trust update fetches the current one; the plan pins it by its digest.'],
  });
}

type Wire<R> = R extends Reader<infer T> ? T : never;

function trustedLog({ baseUrl, publicKey, logId, checkpointKeyId }: Wire<typeof log>, what: string): TrustedLog {
  const { host, hostname, pathname } = urlOf(baseUrl, what);
  const path = pathname.replace(/\/$/, '');
  return {
    baseUrl,
    names: [host + path, hostname + path],
    logId: logId.keyId,
    checkpointKeyId: checkpointKeyId?.keyId ?? logId.keyId,
    key: readKey(publicKey.rawBytes, KEY_FORMATS[publicKey.keyDetails], what),
    validFor: { start: publicKey.validFor.start, end: publicKey.validFor.end },
  };
}

function trustedAuthority({ uri, certChain, validFor }: Wire<typeof authority>): TrustedAuthority {
  const certificates = certChain.certificates.map(({ rawBytes }) => rawBytes);
  return { uri, certificates, validFor: { start: validFor.start, end: validFor.end } };
}

function readKey(key: Buffer, type: 'spki' | 'pkcs1', what: string): KeyObject {
  try {
    return createPublicKey({ key, format: 'der', type });
  } catch (cause) {
    throw new CustodyError('RECORD_MALFORMED', `${what}: the key of a log cannot be read`, { cause });
  }
}

function urlOf(text: string, what: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new CustodyError('RECORD_MALFORMED', `${what}: the URL of a log cannot be read`);
}
