import { openKmsSigner } from '../aws/kms-signer.js';
import { encodeBase64, isDigest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { formatPublicKeyPem, type PublicKey, parsePublicKeyBase64 } from '../base/signature.js';
import { readKeyFile } from '../fs/key-files.js';
import { readLocalPublicKey } from '../signing/local-key.js';
import type { Context } from './context.js';

/** The public part of a key, by ARN, by key id, or of the acting custodian. @throws CustodyError NOT_FOUND, USAGE */
export async function showSigner(context: Context, given: string | undefined) {
  if (given === undefined) return ofRoster(context);
  if (given.startsWith('arn:'))
    return shown((await openKmsSigner(await context.access.bareConnection(), given)).publicKey, given);
  if (!isDigest(given))
    throw new CustodyError('USAGE', 'a key is named by its ARN or by sha256: and 64 hex characters');
  const file = await readKeyFile(context.environment, given);
  if (file === null) throw new CustodyError('NOT_FOUND', `this machine has no key ${given}`);
  return shown(readLocalPublicKey(file), 'local');
}

async function ofRoster(context: Context) {
  const { roster } = await context.lookUp('remote-if-reachable');
  const id = context.flags.as ?? (await context.desk()).pin.as;
  const [key] = [...roster.custodians, ...roster.automation].find((seat) => seat.id === id)?.keys ?? [];
  if (!key)
    throw new CustodyError('NOT_FOUND', id ? `the roster in force does not list ${id}` : '--as or a key is needed');
  return shown(parsePublicKeyBase64(key.publicKey), key.home.type === 'kms' ? key.home.arn : 'local');
}

function shown(key: PublicKey, home: string) {
  return {
    keyId: key.keyId,
    algorithm: key.algorithm,
    home,
    publicKey: encodeBase64(key.spki),
    pem: formatPublicKeyPem(key),
  };
}
