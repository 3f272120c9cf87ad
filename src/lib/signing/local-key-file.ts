import { type Digest, decodeBase64 } from '../base/bytes.js';
import { formatCanonical, type JsonLimits, type JsonValue, parseJson } from '../base/canonical-json.js';
import { integer, object, oneOf, type Reader, readFields, text, where } from '../base/fields.js';
import { digest } from '../base/readers.js';
import { ALGORITHMS, type AlgorithmName } from '../base/signature.js';

/**
 * A local key at rest. The private half is PKCS#8 under PBES2 (RFC 8018) with AES-256-CBC, whose PBKDF2 Node and
 * OpenSSL fix at 2,048 iterations; so its password is not the person's but 64 hex characters derived from it by scrypt
 * (RFC 7914) with `kdf`'s parameters. `openssl pkey -passin` with that derived password opens it.
 */
export interface LocalKeyFile {
  readonly schema: 1;
  readonly keyId: Digest;
  readonly algorithm: AlgorithmName;
  /** DER SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
  readonly kdf: {
    readonly name: 'scrypt';
    readonly N: number;
    readonly r: number;
    readonly p: number;
    /** 16 bytes or more, base64. */
    readonly salt: string;
  };
  /** `-----BEGIN ENCRYPTED PRIVATE KEY-----` (RFC 7468 section 11). */
  readonly pkcs8: string;
}

const LIMITS: JsonLimits = { maxBytes: 16 * 1024, maxDepth: 4 };
const PEM =
  /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n(?:[A-Za-z0-9+/=]{1,64}\n){1,40}-----END ENCRYPTED PRIVATE KEY-----\n$/;
// Below 2^17 the file would be cheap to attack; above 2^20 a planted file would take this machine's memory.
const SCRYPT_COSTS = [17, 18, 19, 20].map((bits) => 2 ** bits);

const base64 = (min: number, max: number): Reader<string> =>
  where((value): value is string => {
    const bytes = typeof value === 'string' && value.length <= 2 * max ? decodeBase64(value) : null;
    return bytes !== null && bytes.length >= min && bytes.length <= max;
  }, `base64 of ${min} to ${max} bytes`);

const shape: Reader<LocalKeyFile> = object({
  schema: where((value): value is 1 => value === 1, '1'),
  keyId: digest,
  algorithm: oneOf(Object.keys(ALGORITHMS) as AlgorithmName[]),
  publicKey: base64(32, 512),
  kdf: object({
    name: oneOf(['scrypt']),
    N: where(
      (value): value is number => SCRYPT_COSTS.some((cost) => cost === value),
      `one of ${SCRYPT_COSTS.join(', ')}`,
    ),
    r: integer(8, 8),
    p: integer(1, 4),
    salt: base64(16, 64),
  }),
  pkcs8: text({ max: 4096, pattern: PEM, expected: 'an encrypted PKCS#8 key in PEM' }),
});

/** Reads a key file. @throws CustodyError RECORD_MALFORMED, with every fault; never quotes the private half */
export function parseLocalKeyFile(bytes: Uint8Array, what = 'key file'): LocalKeyFile {
  return readFields(shape, parseJson(bytes, what, LIMITS), what, 'RECORD_MALFORMED');
}

/** The inverse of `parseLocalKeyFile`: canonical JSON and a newline. */
export function formatLocalKeyFile(file: LocalKeyFile): Buffer {
  return Buffer.from(`${formatCanonical(file as unknown as JsonValue)}\n`, 'utf8');
}
