import { createPublicKey, type KeyObject, verify as verifyBytes } from 'node:crypto';
import { type Digest, decodeBase64, digestOf, encodeBase64, sha256 } from './bytes.js';
import { CustodyError } from './errors.js';

interface Algorithm {
  /** What a SubjectPublicKeyInfo begins with, and how many bytes of key follow: the one encoding that is accepted. */
  readonly prefix: Buffer;
  readonly keyBytes: number;
  readonly refuses?: (key: Buffer) => boolean;
  /** What hashes the data first; null where the algorithm does. */
  readonly hash: 'sha256' | null;
}

/** THE table of signature algorithms; a new one is one row. Signatures of ECDSA are ASN.1 DER (RFC 3279). */
export const ALGORITHMS = {
  'ecdsa-p256-sha256': {
    // Named curve, uncompressed point. The same key can be written with the point compressed or hybrid, or with the
    // curve's parameters spelt out; OpenSSL reads and writes back each of these as it came.
    prefix: Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex'),
    keyBytes: 64,
    hash: 'sha256',
  },
  ed25519: {
    prefix: Buffer.from('302a300506032b6570032100', 'hex'),
    keyBytes: 32,
    refuses: isWeakEd25519,
    hash: null,
  },
} as const satisfies Record<string, Algorithm>;

export type AlgorithmName = keyof typeof ALGORITHMS;

export function isAlgorithmName(value: unknown): value is AlgorithmName {
  return typeof value === 'string' && Object.hasOwn(ALGORITHMS, value);
}

/** A public key in its one canonical form: DER SubjectPublicKeyInfo. */
export interface PublicKey {
  /** SHA-256 of the SubjectPublicKeyInfo: the key's identity. */
  readonly keyId: Digest;
  readonly algorithm: AlgorithmName;
  readonly spki: Buffer;
  readonly object: KeyObject;
}

/**
 * Reads a DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) in the one encoding that the table has for its algorithm.
 * Two encodings of one key would be two key ids, and so two persons (T17).
 * @throws CustodyError ROSTER_INVALID
 */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  const bytes = Buffer.from(spki);
  const algorithm = (Object.keys(ALGORITHMS) as AlgorithmName[]).find((name) => fits(ALGORITHMS[name], bytes));
  if (algorithm === undefined) {
    throw new CustodyError(
      'ROSTER_INVALID',
      'a public key must be ECDSA on P-256 (named curve, uncompressed) or Ed25519, as canonical SubjectPublicKeyInfo',
    );
  }
  return { keyId: digestOf(bytes), algorithm, spki: bytes, object: readSpki(bytes) };
}

function fits({ prefix, keyBytes, refuses }: Algorithm, spki: Buffer): boolean {
  if (spki.length !== prefix.length + keyBytes || !spki.subarray(0, prefix.length).equals(prefix)) return false;
  return !refuses?.(spki.subarray(prefix.length));
}

/** y of the points of order 1, 2, 4 and 8, little-endian (RFC 8032 section 5.1): with these keys anybody can sign. */
const SMALL_ORDER_Y = new Set([
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

/** A key of small order, or one whose y is p = 2^255 − 19 or above: the same point has a second, smaller encoding. */
function isWeakEd25519(key: Buffer): boolean {
  const y = Buffer.from(key);
  y.writeUInt8(y.readUInt8(31) & 0x7f, 31);
  const aboveP = y.readUInt8(0) >= 0xed && y.subarray(1, 31).every((byte) => byte === 0xff) && y.readUInt8(31) === 0x7f;
  return aboveP || SMALL_ORDER_Y.has(y.toString('hex'));
}

/** Reads the base64 form that rosters hold. */
export function parsePublicKeyBase64(text: string): PublicKey {
  const spki = decodeBase64(text);
  if (spki === null) throw new CustodyError('ROSTER_INVALID', 'a public key is not base64');
  return parsePublicKey(spki);
}

export function formatPublicKeyPem(key: PublicKey): string {
  return key.object.export({ format: 'pem', type: 'spki' }).toString();
}

/** A command reads the few keys of its rosters again and again, and the check of the point costs more than all else of it. */
const checked = new Map<string, KeyObject>();
const MOST_CHECKED = 1000;

function readSpki(spki: Buffer): KeyObject {
  const bytes = spki.toString('base64');
  const known = checked.get(bytes);
  if (known) return known;
  try {
    const object = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    if (checked.size === MOST_CHECKED) checked.clear();
    checked.set(bytes, object);
    return object;
  } catch (cause) {
    throw new CustodyError('ROSTER_INVALID', 'a public key is no point of its curve', { cause });
  }
}

/** The hint that Sigstore bundles carry for a key: base64 of the SHA-256 of the SubjectPublicKeyInfo. Never an identity. */
export function hintOf(key: PublicKey): string {
  return encodeBase64(sha256(key.spki));
}

/** True only for a valid signature; a malformed one is false, never an error. */
export function verifySignature(key: PublicKey, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verifyBytes(ALGORITHMS[key.algorithm].hash, data, key.object, signature);
  } catch {
    return false;
  }
}

/** The same on another thread, for many signatures: this one goes on meanwhile. */
export function verifySignatureApart(key: PublicKey, data: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      verifyBytes(ALGORITHMS[key.algorithm].hash, data, key.object, signature, (failure, valid) =>
        resolve(!failure && valid === true),
      );
    } catch {
      resolve(false);
    }
  });
}

/** One who can sign: a KMS key, a local key, later a keyless identity or a security key. One file each. */
export interface Signer {
  readonly publicKey: PublicKey;
  /** Signs the bytes themselves (the signer hashes as its algorithm says). */
  sign(data: Uint8Array): Promise<Uint8Array>;
}
