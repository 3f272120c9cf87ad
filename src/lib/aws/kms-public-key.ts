import type { KeyPublicPart } from '../key/key.js';
import type { AwsConnection } from './connection.js';
import { unreadable } from './pages.js';

/** The public half of an asymmetric key, of any kind. */
export async function publicKey(aws: AwsConnection, region: string, key: string): Promise<KeyPublicPart> {
  const { output } = await aws
    .kms(region)
    .read('GetPublicKey', (sdk, client) => client.send(new sdk.GetPublicKeyCommand({ KeyId: key })));
  if (!output.PublicKey) throw unreadable('GetPublicKey');
  return { spki: output.PublicKey, signingAlgorithms: [...(output.SigningAlgorithms ?? [])].sort() };
}
