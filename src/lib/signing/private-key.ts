import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto';
import { wipe } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { AlgorithmName } from '../base/signature.js';
import type { RandomBytes } from './local-key-seal.js';

/** How a private key is drawn, by algorithm; null: these bytes are not a key, draw again. */
const FROM_BYTES: Readonly<Record<AlgorithmName, (secret: Buffer) => KeyObject | null>> = {
  'ecdsa-p256-sha256': p256FromScalar,
  ed25519: ed25519FromSeed,
};

/** RFC 8410 section 7: everything of a PKCS#8 Ed25519 key before its 32-byte seed. */
const ED25519_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * A private key from 32 random bytes: the seed of Ed25519 (RFC 8032 section 5.1.5), the scalar of P-256 by rejection
 * sampling (FIPS 186-5 appendix A.2.2).
 */
export function generatePrivateKey(algorithm: AlgorithmName, random: RandomBytes): KeyObject {
  // P-256 rejects one draw in 2^32; a source that fails four times is broken.
  for (let draw = 0; draw < 4; draw++) {
    const secret = random(32);
    try {
      const key = FROM_BYTES[algorithm](secret);
      if (key !== null) return key;
    } finally {
      wipe(secret);
    }
  }
  throw new CustodyError('BUG', 'the source of random bytes gives no usable key');
}

function ed25519FromSeed(seed: Buffer): KeyObject {
  const der = Buffer.concat([ED25519_HEAD, seed]);
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } finally {
    wipe(der);
  }
}

function p256FromScalar(scalar: Buffer): KeyObject | null {
  const pair = createECDH('prime256v1');
  try {
    pair.setPrivateKey(scalar);
  } catch {
    return null;
  }
  const point = pair.getPublicKey(null, 'uncompressed');
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: scalar.toString('base64url'),
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}
