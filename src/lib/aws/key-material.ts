import { constants, createCipheriv, createPublicKey, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto';
import { wipe } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { assertRandom, commitmentOf, type WrappingAlgorithm } from '../base/material.js';
import type { KeyMaterial } from '../key/material.js';

/** RFC 5649 section 3: the initial value of AES key wrap with padding. */
const KEY_WRAP_IV = Buffer.from('a65959a6', 'hex');

const WRAP: Readonly<Record<WrappingAlgorithm, (key: KeyObject, material: Uint8Array) => Buffer>> = {
  RSAES_OAEP_SHA_256: oaep,
  RSA_AES_KEY_WRAP_SHA_256: (key, material) => {
    const aesKey = randomBytes(32);
    try {
      const wrapper = createCipheriv('id-aes256-wrap-pad', aesKey, KEY_WRAP_IV);
      return Buffer.concat([oaep(key, aesKey), wrapper.update(material), wrapper.final()]);
    } finally {
      wipe(aesKey);
    }
  },
};

/**
 * Takes over 32 bytes of key material: the buffer is the only copy, and `wipe` overwrites it.
 * @throws CustodyError REFUSED for bytes that no random generator gives; they are wiped
 */
export function openKeyMaterial(bytes: Buffer): KeyMaterial {
  try {
    assertRandom(bytes);
  } catch (cause) {
    wipe(bytes);
    throw cause;
  }
  let wiped = false;
  return {
    commitment: commitmentOf(bytes),
    wrap: (publicKey, algorithm) => {
      if (wiped) throw new CustodyError('BUG', 'the key material is wiped already');
      return WRAP[algorithm](wrappingKey(publicKey), bytes);
    },
    lend: async (use) => {
      if (wiped) throw new CustodyError('BUG', 'the key material is wiped already');
      return use(bytes);
    },
    wipe: () => {
      wiped = true;
      wipe(bytes);
    },
  };
}

/** @throws CustodyError UNAVAILABLE: AWS's answer cannot be used */
function wrappingKey(spki: Uint8Array): KeyObject {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 4096) return key;
  } catch {
    // What it is instead does not matter.
  }
  throw new CustodyError('UNAVAILABLE', "AWS's answer to GetParametersForImport holds no RSA key of 4096 bits");
}

function oaep(key: KeyObject, bytes: Uint8Array): Buffer {
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, bytes);
}
