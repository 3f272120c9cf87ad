import { join } from 'node:path';
import { type Digest, digestHex } from '../base/bytes.js';
import { assertOwn, createFileOnce, makePrivateDirectory, PRIVATE_FILE, readFileBounded } from './files.js';
import { type Environment, keyDirectory } from './places.js';

const MAX_BYTES = 16 * 1024;

/** `$XDG_CONFIG_HOME/custody/keys/<first 32 hex of the key id>.key.json`. */
export function keyFilePath(environment: Environment, keyId: Digest): string {
  return join(keyDirectory(environment), `${digestHex(keyId).slice(0, 32)}.key.json`);
}

/**
 * The bytes of a local key's file; null when this machine has none.
 * @throws CustodyError REFUSED when anyone else may read or write it; STORAGE
 */
export async function readKeyFile(environment: Environment, keyId: Digest): Promise<Buffer | null> {
  const path = keyFilePath(environment, keyId);
  await assertOwn(path, 0o077, 'chmod 600');
  return readFileBounded(path, MAX_BYTES);
}

/** Stores a new key file, 0600, and answers its path. @throws CustodyError CONFLICT when there is one; STORAGE; REFUSED */
export async function writeKeyFile(environment: Environment, keyId: Digest, bytes: Uint8Array): Promise<string> {
  const path = keyFilePath(environment, keyId);
  await makePrivateDirectory(keyDirectory(environment));
  await createFileOnce(path, bytes, PRIVATE_FILE);
  return path;
}
