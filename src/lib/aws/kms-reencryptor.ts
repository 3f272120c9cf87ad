import { CustodyError } from '../base/errors.js';
import { type KeyMove, type KeyReEncryptor, partsOf, type ReEncrypted } from '../key/key.js';
import type { AwsConnection } from './connection.js';

/** Moves ciphertexts through AWS KMS. Nothing at KMS changes by it, so a call that failed is made again. */
export function createKeyReEncryptor(aws: AwsConnection): KeyReEncryptor {
  return { reEncrypt: (keys, ciphertext, context) => reEncrypt(aws, keys, ciphertext, context) };
}

async function reEncrypt(
  aws: AwsConnection,
  { from, to }: KeyMove,
  ciphertext: Uint8Array,
  context: Readonly<Record<string, string>>,
): Promise<ReEncrypted> {
  const { output } = await aws.kms(partsOf(from).region).read('ReEncrypt', (sdk, client) =>
    client.send(
      new sdk.ReEncryptCommand({
        CiphertextBlob: ciphertext,
        SourceKeyId: from,
        DestinationKeyId: to,
        SourceEncryptionContext: { ...context },
        DestinationEncryptionContext: { ...context },
      }),
    ),
  );
  if (!output.CiphertextBlob || output.KeyId !== to || output.SourceKeyId !== from) {
    throw new CustodyError('UNAVAILABLE', "AWS's answer to ReEncrypt is incomplete, or about another key");
  }
  return {
    ciphertext: output.CiphertextBlob,
    sourceMaterialId: output.SourceKeyMaterialId ?? null,
    materialId: output.DestinationKeyMaterialId ?? null,
  };
}
