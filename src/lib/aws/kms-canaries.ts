import { digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { CanaryKeeper } from '../key/canary.js';
import { partsOf } from '../key/key.js';
import type { AwsConnection } from './connection.js';

const VALUE_BYTES = 32;

/**
 * Canaries through AWS KMS. What is encrypted or decrypted here is hashed and overwritten before anything is returned.
 * @param random cryptographically strong
 */
export function createCanaryKeeper(aws: AwsConnection, random: (length: number) => Uint8Array): CanaryKeeper {
  return {
    make: async (key, context) => {
      const value = random(VALUE_BYTES);
      try {
        const { output } = await aws
          .kms(partsOf(key).region)
          .read('Encrypt', (sdk, client) =>
            client.send(new sdk.EncryptCommand({ KeyId: key, Plaintext: value, EncryptionContext: { ...context } })),
          );
        if (!output.CiphertextBlob || output.KeyId !== key) throw incomplete('Encrypt');
        return { ciphertext: output.CiphertextBlob, digest: digestOf(value), materialId: materialOf(output) };
      } finally {
        value.fill(0);
      }
    },
    open: async (key, ciphertext, context) => {
      const { output } = await aws
        .kms(partsOf(key).region)
        .read('Decrypt', (sdk, client) =>
          client.send(
            new sdk.DecryptCommand({ KeyId: key, CiphertextBlob: ciphertext, EncryptionContext: { ...context } }),
          ),
        );
      if (!output.Plaintext || output.KeyId !== key) throw incomplete('Decrypt');
      const digest = digestOf(output.Plaintext);
      output.Plaintext.fill(0);
      return { digest, materialId: materialOf(output) };
    },
  };
}

/** Encrypt does not say under which material it encrypts; Decrypt does. */
function materialOf(output: object): string | null {
  return 'KeyMaterialId' in output && typeof output.KeyMaterialId === 'string' ? output.KeyMaterialId : null;
}

function incomplete(operation: string): CustodyError {
  return new CustodyError('UNAVAILABLE', `AWS's answer to ${operation} is incomplete, or about another key`);
}
