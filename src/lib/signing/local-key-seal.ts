import { createPrivateKey, createPublicKey, type KeyObject, scrypt } from 'node:crypto';
import { wipe } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';

/** Cryptographically strong random bytes. */
export type RandomBytes = (size: number) => Buffer;

export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** What new files get: 128 MiB and about half a second (OWASP's first choice for scrypt). */
export const SCRYPT: ScryptCost = { N: 2 ** 17, r: 8, p: 1 };
export const SALT_BYTES = 32;

type Kdf = ScryptCost & { readonly salt: Buffer };

/** `key` as encrypted PKCS#8 in PEM under a password derived from `passphrase`. */
export async function encryptPrivateKey(key: KeyObject, passphrase: Buffer, kdf: Kdf): Promise<string> {
  const password = await derivePassword(passphrase, kdf);
  try {
    return key.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: password }).toString();
  } finally {
    wipe(password);
  }
}

/** The private key in `pem`; null when it does not open: a wrong passphrase and a damaged file look the same. */
export async function decryptPrivateKey(pem: string, passphrase: Buffer, kdf: Kdf): Promise<KeyObject | null> {
  const password = await derivePassword(passphrase, kdf);
  try {
    return createPrivateKey({ key: pem, format: 'pem', passphrase: password });
  } catch {
    return null;
  } finally {
    wipe(password);
  }
}

/** DER SubjectPublicKeyInfo of a private key. */
export function publicHalf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' });
}

/** 32 bytes of scrypt as hex: OpenSSL treats passwords as text in places, so no NUL may occur in it. */
async function derivePassword(passphrase: Buffer, { N, r, p, salt }: Kdf): Promise<Buffer> {
  const derived = await new Promise<Buffer>((resolve, reject) => {
    // scrypt needs 128·N·r bytes and a little; Node's own cap is 32 MiB.
    scrypt(passphrase, salt, 32, { N, r, p, maxmem: 128 * N * r + 128 * r * (p + 2) + 1024 }, (error, key) =>
      error
        ? reject(new CustodyError('UNAVAILABLE', 'not enough memory to open the key file', { cause: error }))
        : resolve(key),
    );
  });
  const password = Buffer.alloc(64);
  for (const [at, byte] of derived.entries()) {
    password[2 * at] = HEX.charCodeAt(byte >> 4);
    password[2 * at + 1] = HEX.charCodeAt(byte & 15);
  }
  wipe(derived);
  return password;
}

const HEX = '0123456789abcdef';
