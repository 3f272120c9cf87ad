import { CustodyError } from '../base/errors.js';
import type { CopyKeeper } from '../key/copy.js';
import { type KeyArn, partsOf } from '../key/key.js';
import type { KeyMaterial } from '../key/material.js';
import type { AwsConnection } from './connection.js';
import { createKeyReEncryptor } from './kms-reencryptor.js';

/**
 * Copies of key material through AWS KMS: Encrypt takes the 32 bytes in its body over TLS, as the SDK writes them. Each is moved
 * from the root to itself at once: only what KMS can open can be moved.
 */
export function createCopyKeeper(aws: AwsConnection): CopyKeeper {
  const reEncryptor = createKeyReEncryptor(aws);
  return {
    keep: async (root, material, context) => {
      const ciphertext = await encrypt(aws, root, material, context);
      await reEncryptor.reEncrypt({ from: root, to: root }, ciphertext, context);
      return ciphertext;
    },
  };
}

function encrypt(
  aws: AwsConnection,
  root: KeyArn,
  material: KeyMaterial,
  context: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  return material.lend(async (bytes) => {
    const { output } = await aws
      .kms(partsOf(root).region)
      .read('Encrypt', (sdk, client) =>
        client.send(new sdk.EncryptCommand({ KeyId: root, Plaintext: bytes, EncryptionContext: { ...context } })),
      );
    if (!output.CiphertextBlob || output.KeyId !== root)
      throw new CustodyError('UNAVAILABLE', "AWS's answer to Encrypt is incomplete, or about another key");
    return output.CiphertextBlob;
  });
}
