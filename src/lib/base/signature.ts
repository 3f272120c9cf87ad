import { createPublicKey, type KeyObject, verify as verifyBytes } from 'node:crypto';
import { type Digest, decodeBase64, digestOf, encodeBase64, sha256 } from './bytes.js';
import { CustodyError } from './errors.js';

interface Algorithm {
  readonly fits: (key: KeyObject) => boolean;
  readonly verify: (key: KeyObject, data: Uint8Array, signature: Uint8Array) => boolean;
}

/** THE table of signature algorithms; a new one is one row. Signatures of ECDSA are ASN.1 DER (RFC 3279). */
export const ALGORITHMS = {
  'ecdsa-p256-sha256': {
    fits: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1',
    verify: (key, data, signature) => verifyBytes('sha256', data, key, signature),
  },
  ed25519: {
    fits: (key) => key.asymmetricKeyType === 'ed25519',
    verify: (key, data, signature) => verifyBytes(null, data, key, signature),
  },
} as const satisfies Record<string, Algorithm>;

export type AlgorithmName = keyof typeof ALGORITHMS;

export function isAlgorithmName(value: unknown): value is AlgorithmName {
  return typeof value === 'string' && Object.hasOwn(ALGORITHMS, value);
}

/** A public key in its one canonical form: the DER SubjectPublicKeyInfo that Node itself would write. */
export interface PublicKey {
  /** SHA-256 of the SubjectPublicKeyInfo: the key's identity. */
  readonly keyId: Digest;
  readonly algorithm: AlgorithmName;
  readonly spki: Buffer;
  readonly object: KeyObject;
}

/**
 * Reads a DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
 * @throws CustodyError ROSTER_INVALID when it is not one, not in canonical form or of an algorithm not in the table.
 */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  const object = readSpki(spki);
  const canonical = object.export({ format: 'der', type: 'spki' });
  // Two encodings of one key would be two key ids, and so two persons (T17).
  if (!canonical.equals(spki)) throw new CustodyError('ROSTER_INVALID', 'a public key is not in canonical DER form');
  const algorithm = (Object.keys(ALGORITHMS) as AlgorithmName[]).find((name) => ALGORITHMS[name].fits(object));
  if (algorithm === undefined) {
    throw new CustodyError('ROSTER_INVALID', 'a public key must be ECDSA on P-256 or Ed25519', {
      details: { found: object.asymmetricKeyType ?? 'unknown' },
    });
  }
  return { keyId: digestOf(canonical), algorithm, spki: canonical, object };
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

function readSpki(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new CustodyError('ROSTER_INVALID', 'not a DER SubjectPublicKeyInfo', { cause });
  }
}

/** The hint that Sigstore bundles carry for a key: base64 of the SHA-256 of the SubjectPublicKeyInfo. Never an identity. */
export function hintOf(key: PublicKey): string {
  return encodeBase64(sha256(key.spki));
}

/** True only for a valid signature; a malformed one is false, never an error. */
export function verifySignature(key: PublicKey, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ALGORITHMS[key.algorithm].verify(key.object, data, signature);
  } catch {
    return false;
  }
}

/** One who can sign: a KMS key, a local key, later a keyless identity or a security key. One file each. */
export interface Signer {
  readonly publicKey: PublicKey;
  /** Signs the bytes themselves (the signer hashes as its algorithm says). */
  sign(data: Uint8Array): Promise<Uint8Array>;
}
