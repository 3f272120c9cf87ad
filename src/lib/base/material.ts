import { type Digest, digestOf } from './bytes.js';
import { CustodyError } from './errors.js';

/** A symmetric key of AWS KMS takes exactly this much imported material (ImportKeyMaterial, "Key material requirements"). */
export const MATERIAL_BYTES = 32;

/** How material is wrapped on its way to KMS (GetParametersForImport, `WrappingAlgorithm`); those over SHA-1 are left out. */
export const WRAPPING_ALGORITHMS = ['RSAES_OAEP_SHA_256', 'RSA_AES_KEY_WRAP_SHA_256'] as const;

export type WrappingAlgorithm = (typeof WRAPPING_ALGORITHMS)[number];

/** The strongest wrapping key that KMS gives. */
export const WRAPPING_KEY_SPEC = 'RSA_4096';

/** Sets the commitment apart from the plain SHA-256 of the material, which may serve as a key or an id elsewhere. */
const COMMITMENT_PREFIX = 'custody:material:v1\n';

/**
 * What stands for the material in a request: SHA-256 of a fixed prefix and the 32 bytes, so that two people who saw it
 * made can work it out with stock tools. It gives nothing away: 32 bytes from a random generator are 256 bits that
 * nobody can try out, which holds for random bytes only (`assertRandom`).
 */
export function commitmentOf(material: Uint8Array): Digest {
  const framed = Buffer.concat([Buffer.from(COMMITMENT_PREFIX, 'utf8'), material]);
  try {
    return digestOf(framed);
  } finally {
    framed.fill(0);
  }
}

/** Of 32 random bytes fewer than this many differ once in 10^16 times. */
const LEAST_DIFFERENT = 16;

/**
 * Refuses material that no random generator gives: too short or long, text (a key in hex, a passphrase), or a few bytes again
 * and again. Such material could be found by trying out what its commitment is of. The error quotes none of it.
 * @throws CustodyError REFUSED
 */
export function assertRandom(material: Uint8Array): void {
  const wrong = faultOf(material);
  if (wrong === null) return;
  throw new CustodyError('REFUSED', `this is no key material: ${wrong}`, {
    details: { expectedBytes: MATERIAL_BYTES, foundBytes: material.length },
    suggestions: ['Give the 32 raw bytes of a random generator, for example of `openssl rand 32`.'],
  });
}

function faultOf(material: Uint8Array): string | null {
  if (material.length !== MATERIAL_BYTES) return `${material.length} bytes, expected exactly ${MATERIAL_BYTES}`;
  if (material.every((byte) => byte === 0x09 || byte === 0x0a || byte === 0x0d || (byte >= 0x20 && byte < 0x7f))) {
    return 'it is text, not raw bytes';
  }
  return new Set(material).size < LEAST_DIFFERENT ? 'its bytes repeat too often to be random' : null;
}
