import { CustodyError } from '../base/errors.js';
import type { PublicKey } from '../base/signature.js';
import { isKeyArn, type KeyArn } from '../key/key.js';
import type { AwsConnection, KmsLink } from './connection.js';
import { underWarrant } from './guard.js';
import { readPublicKey } from './kms-signer.js';

export interface SigningKeyOptions {
  readonly region: string;
  /** The key policy, JSON text: who may sign with the key. */
  readonly policy: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface CreatedSigningKey {
  readonly arn: KeyArn;
  readonly publicKey: PublicKey;
}

const ATTEMPTS = 8;
const WAIT_MILLIS = 500;

/**
 * Makes a custodian's signing key: ECC_NIST_P256, SIGN_VERIFY. The creation is sent once.
 * @throws CustodyError DENIED, REFUSED · UNAVAILABLE or TIMEOUT with `details.maybeDone` when a key may exist already
 */
export async function createKmsSigningKey(aws: AwsConnection, options: SigningKeyOptions): Promise<CreatedSigningKey> {
  const kms = aws.kms(options.region);
  const { output } = await underWarrant({ purpose: 'signer.create' }, () =>
    kms.once('CreateKey', (sdk, client) =>
      client.send(
        new sdk.CreateKeyCommand({
          KeySpec: 'ECC_NIST_P256',
          KeyUsage: 'SIGN_VERIFY',
          Policy: options.policy,
          Description: options.description,
          Tags: Object.entries(options.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
        }),
      ),
    ),
  );
  const arn = output.KeyMetadata?.Arn;
  if (!isKeyArn(arn)) throw new CustodyError('UNAVAILABLE', "AWS's answer to CreateKey is incomplete");
  return { arn, publicKey: await readNewPublicKey(aws, kms, arn) };
}

/** A new key is not everywhere at once ("AWS KMS eventual consistency"): not being found passes. */
async function readNewPublicKey(aws: AwsConnection, kms: KmsLink, arn: KeyArn): Promise<PublicKey> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readPublicKey(kms, arn);
    } catch (error) {
      const passing = error instanceof CustodyError && error.code === 'NOT_FOUND' && attempt < ATTEMPTS;
      if (!passing) throw error;
      await aws.timer.sleep(WAIT_MILLIS);
    }
  }
}
