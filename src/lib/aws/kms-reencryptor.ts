import { CustodyError } from '../base/errors.js';
import { type KeyArn, type KeyReEncryptor, partsOf, type ReEncrypted } from '../key/key.js';
import type { AwsConnection } from './connection.js';

/** Moves ciphertexts through AWS KMS. Nothing at KMS changes by it, so a call that failed is made again. */
export function createKeyReEncryptor(aws: AwsConnection): KeyReEncryptor {
  return { reEncrypt: (arn, ciphertext, context) => reEncrypt(aws, arn, ciphertext, context) };
}

async function reEncrypt(
  aws: AwsConnection,
  arn: KeyArn,
  ciphertext: Uint8Array,
  context: Readonly<Record<string, string>>,
): Promise<ReEncrypted> {
  const { output } = await aws.kms(partsOf(arn).region).read('ReEncrypt', (sdk, client) =>
    client.send(
      new sdk.ReEncryptCommand({
        CiphertextBlob: ciphertext,
        SourceKeyId: arn,
        DestinationKeyId: arn,
        SourceEncryptionContext: { ...context },
        DestinationEncryptionContext: { ...context },
      }),
    ),
  );
  if (!output.CiphertextBlob || output.KeyId !== arn || output.SourceKeyId !== arn) {
    throw new CustodyError('UNAVAILABLE', "AWS's answer to ReEncrypt is incomplete, or about another key");
  }
  return {
    ciphertext: output.CiphertextBlob,
    sourceMaterialId: output.SourceKeyMaterialId ?? null,
    materialId: output.DestinationKeyMaterialId ?? null,
  };
}
