import { constants, createDecipheriv, createPrivateKey, privateDecrypt } from 'node:crypto';
import { invalidCiphertext } from './errors.js';

/** RFC 5649 section 3: the initial value that marks padded AES key wrap. */
const KEY_WRAP_IV = Buffer.from('a65959a6', 'hex');

const ALGORITHMS: Readonly<Record<string, { readonly hash: string; readonly hybrid: boolean }>> = {
  RSAES_OAEP_SHA_1: { hash: 'sha1', hybrid: false },
  RSAES_OAEP_SHA_256: { hash: 'sha256', hybrid: false },
  RSA_AES_KEY_WRAP_SHA_1: { hash: 'sha1', hybrid: true },
  RSA_AES_KEY_WRAP_SHA_256: { hash: 'sha256', hybrid: true },
};

export function canUnwrap(algorithm: string): boolean {
  return algorithm in ALGORITHMS;
}

/**
 * Unwraps imported key material: RSA-OAEP, or RSA-OAEP of an AES key followed by the material under AES key wrap with padding.
 * @throws ServiceError InvalidCiphertextException
 */
export function unwrap(pkcs8: Buffer, algorithm: string, wrapped: Buffer): Buffer {
  const { hash, hybrid } = ALGORITHMS[algorithm] ?? { hash: '', hybrid: false };
  try {
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    const rsa = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash };
    if (!hybrid) return privateDecrypt(rsa, wrapped);
    const rsaBytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
    const aesKey = privateDecrypt(rsa, wrapped.subarray(0, rsaBytes));
    const unwrapper = createDecipheriv(`id-aes${aesKey.length * 8}-wrap-pad`, aesKey, KEY_WRAP_IV);
    return Buffer.concat([unwrapper.update(wrapped.subarray(rsaBytes)), unwrapper.final()]);
  } catch {
    throw invalidCiphertext();
  }
}
