import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { validation } from './errors.js';
import { blob, text } from './input.js';
import { currentSecret } from './material.js';
import { BY_ALIAS, type Operations, openKey } from './operation.js';
import { assertAlgorithm, assertNotDry, assertUsage, recordUse } from './usage.js';

/** ECDH with a key of KMS (SP 800-56A section 5.7.1.2): the shared secret is the x coordinate, raw. */
export const keyAgreementOperations: Operations = (world) => ({
  DeriveSharedSecret(input, call) {
    const algorithm = text(input, 'KeyAgreementAlgorithm');
    const context = { 'kms:KeyAgreementAlgorithm': algorithm };
    const target = openKey(world, call, input, 'DeriveSharedSecret', { ...BY_ALIAS, context });
    assertUsage(target, 'KEY_AGREEMENT');
    assertAlgorithm(target, algorithm);
    const { secret } = currentSecret(world, target);
    const privateKey = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
    const publicKey = readPeer(blob(input, 'PublicKey'), privateKey);
    assertNotDry(input);
    const shared = diffieHellman({ privateKey, publicKey });
    recordUse(world, call, target, 'DeriveSharedSecret');
    return {
      KeyId: target.arn,
      SharedSecret: shared.toString('base64'),
      KeyAgreementAlgorithm: algorithm,
      KeyOrigin: target.set.origin,
    };
  },
});

/** A point on the key's own curve; OpenSSL checks that it is one. */
function readPeer(spki: Buffer, privateKey: KeyObject): KeyObject {
  try {
    const peer = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    const { namedCurve } = peer.asymmetricKeyDetails ?? {};
    if (namedCurve !== undefined && namedCurve === privateKey.asymmetricKeyDetails?.namedCurve) return peer;
  } catch {}
  throw validation('The public key is invalid: it must be a DER-encoded X.509 public key on the curve of the KMS key.');
}
