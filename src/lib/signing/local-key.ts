import { sign as signBytes } from 'node:crypto';
import { decodeBase64, encodeBase64, wipe } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { type AlgorithmName, type PublicKey, parsePublicKey, type Signer, verifySignature } from '../base/signature.js';
import { formatLocalKeyFile, type LocalKeyFile, parseLocalKeyFile } from './local-key-file.js';
import {
  decryptPrivateKey,
  encryptPrivateKey,
  publicHalf,
  type RandomBytes,
  SALT_BYTES,
  SCRYPT,
} from './local-key-seal.js';
import { generatePrivateKey } from './private-key.js';

/** Asks the person for the passphrase; whoever calls it wipes the buffer. */
export type AskPassphrase = () => Promise<Buffer>;

export interface CreatedLocalKey {
  /** The bytes to store, private half encrypted (`formatLocalKeyFile`). */
  readonly file: Buffer;
  readonly publicKey: PublicKey;
}

/** A short passphrase makes a stolen file cheap to open, whatever the work factor. */
export const MIN_PASSPHRASE_BYTES = 12;

/**
 * Makes a new key and encrypts it under `passphrase`, which is wiped before this returns or throws.
 * @param random cryptographically strong bytes; the private key and the salt come from it
 * @throws CustodyError USAGE for a passphrase of fewer than 12 bytes
 */
export async function createLocalKey(
  passphrase: Buffer,
  algorithm: AlgorithmName,
  random: RandomBytes,
): Promise<CreatedLocalKey> {
  try {
    if (passphrase.length < MIN_PASSPHRASE_BYTES) {
      throw new CustodyError('USAGE', `a passphrase needs at least ${MIN_PASSPHRASE_BYTES} bytes`);
    }
    const key = generatePrivateKey(algorithm, random);
    const publicKey = parsePublicKey(publicHalf(key));
    const salt = random(SALT_BYTES);
    const pkcs8 = await encryptPrivateKey(key, passphrase, { ...SCRYPT, salt });
    const kdf = { name: 'scrypt' as const, ...SCRYPT, salt: encodeBase64(salt) };
    const file: LocalKeyFile = {
      schema: 1,
      keyId: publicKey.keyId,
      algorithm,
      publicKey: encodeBase64(publicKey.spki),
      kdf,
      pkcs8,
    };
    return { file: formatLocalKeyFile(file), publicKey };
  } finally {
    wipe(passphrase);
  }
}

/** The public half of a key file, without a passphrase. @throws CustodyError RECORD_MALFORMED */
export function readLocalPublicKey(file: Uint8Array, where = 'key file'): PublicKey {
  return publicKeyOf(parseLocalKeyFile(file, where), where);
}

/**
 * Opens a key file. The passphrase is asked for once, when the first signature is made, and wiped after use.
 * @throws CustodyError RECORD_MALFORMED for a file that is not one; `sign` throws SIGNER_LOCKED for a wrong passphrase
 */
export function openLocalKey(file: Uint8Array, askPassphrase: AskPassphrase, where = 'key file'): Signer {
  const parsed = parseLocalKeyFile(file, where);
  const publicKey = publicKeyOf(parsed, where);
  let unlocked: ReturnType<typeof unlock> | undefined;
  return {
    publicKey,
    async sign(data) {
      unlocked ??= unlock(parsed, publicKey, askPassphrase);
      // A mistyped passphrase is asked for again at the next signature.
      const key = await unlocked.catch((error: unknown) => {
        unlocked = undefined;
        throw error;
      });
      const signature = signBytes(publicKey.algorithm === 'ed25519' ? null : 'sha256', data, key);
      if (verifySignature(publicKey, data, signature)) return signature;
      throw new CustodyError('SIGNATURE_INVALID', 'the local key made a signature that does not verify');
    },
  };
}

async function unlock(file: LocalKeyFile, publicKey: PublicKey, askPassphrase: AskPassphrase) {
  const passphrase = await askPassphrase();
  try {
    const salt = decodeBase64(file.kdf.salt) ?? Buffer.alloc(0);
    const key = await decryptPrivateKey(file.pkcs8, passphrase, { ...file.kdf, salt });
    // CBC is not authenticated: whoever edits the file could swap in a key of his own under a passphrase he knows.
    if (key !== null && publicHalf(key).equals(publicKey.spki)) return key;
  } finally {
    wipe(passphrase);
  }
  throw new CustodyError('SIGNER_LOCKED', 'the passphrase does not open the key file', {
    details: { keyId: file.keyId },
    suggestions: ['Try again; a passphrase that is lost cannot be recovered, the key must be replaced in the roster.'],
  });
}

function publicKeyOf(file: LocalKeyFile, where: string): PublicKey {
  const key = readPublicKey(file, where);
  if (key.keyId === file.keyId && key.algorithm === file.algorithm) return key;
  throw new CustodyError('RECORD_MALFORMED', `${where}: its public key is not the key it names`, {
    details: { named: file.keyId, found: key.keyId },
  });
}

function readPublicKey(file: LocalKeyFile, where: string): PublicKey {
  const spki = decodeBase64(file.publicKey);
  try {
    return parsePublicKey(spki ?? Buffer.alloc(0));
  } catch (cause) {
    throw new CustodyError('RECORD_MALFORMED', `${where}: its public key is unreadable`, { cause });
  }
}
