import type { GetPublicKeyResponse } from '@aws-sdk/client-kms';
import { sha256 } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { type PublicKey, parsePublicKey, type Signer, verifySignature } from '../base/signature.js';
import { isKeyArn, type KeyArn, partsOf } from '../key/key.js';
import type { AwsConnection, KmsLink } from './connection.js';

/**
 * A signer over an AWS KMS key, ECDSA on P-256. Its public key is read once, here.
 * @throws CustodyError USAGE for an ARN that is not a key's; REFUSED for a key of another kind; NOT_FOUND, DENIED, …
 */
export async function openKmsSigner(aws: AwsConnection, arn: string): Promise<Signer> {
  if (!isKeyArn(arn)) throw new CustodyError('USAGE', `not the ARN of a KMS key: ${arn.slice(0, 100)}`);
  const kms = aws.kms(partsOf(arn).region);
  const publicKey = await readPublicKey(kms, arn);
  return { publicKey, sign: (data) => sign(kms, arn, publicKey, data) };
}

/** @throws CustodyError REFUSED, NOT_FOUND, DENIED, UNAVAILABLE */
export async function readPublicKey(kms: KmsLink, arn: KeyArn): Promise<PublicKey> {
  const { output } = await kms.read('GetPublicKey', (sdk, client) =>
    client.send(new sdk.GetPublicKeyCommand({ KeyId: arn })),
  );
  const wrong = whatIsWrong(output, arn);
  if (wrong === null && output.PublicKey) return parsePublicKey(output.PublicKey);
  throw new CustodyError('REFUSED', `${arn} cannot be a signing key: ${wrong ?? 'it has no public key'}`, {
    details: { arn, spec: output.KeySpec, usage: output.KeyUsage },
    suggestions: ['Make a signing key with `custody signer create`.'],
  });
}

function whatIsWrong(found: GetPublicKeyResponse, arn: KeyArn): string | null {
  if (found.KeyId !== arn) return 'AWS answered with another key';
  if (found.KeyUsage !== 'SIGN_VERIFY') return 'its usage is not SIGN_VERIFY';
  if (!found.SigningAlgorithms?.includes('ECDSA_SHA_256')) return 'it does not sign with ECDSA_SHA_256';
  return null;
}

async function sign(kms: KmsLink, arn: KeyArn, publicKey: PublicKey, data: Uint8Array): Promise<Uint8Array> {
  // RAW is limited to 4,096 bytes, so the digest is made here.
  const { output } = await kms.read('Sign', (sdk, client) =>
    client.send(
      new sdk.SignCommand({
        KeyId: arn,
        Message: sha256(data),
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
      }),
    ),
  );
  const signature = output.Signature;
  if (signature !== undefined && verifySignature(publicKey, data, signature)) return signature;
  throw new CustodyError('SIGNATURE_INVALID', `${arn} made a signature that does not verify`, { details: { arn } });
}
