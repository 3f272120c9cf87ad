import { createPublicKey, verify } from 'node:crypto';
import { expect, it } from 'vitest';
import { AWAY, Bench, base64, DAY, HOME, SECOND } from './harness.js';

it('plays the life of a key', () => {
  const kms = new Bench();
  const KeyId = kms.key({ MultiRegion: true, Tags: [{ TagKey: 'custody:request', TagValue: 'r-1' }] });
  kms.run('CreateAlias', { AliasName: 'alias/root', TargetKeyId: KeyId });
  kms.run('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 });
  kms.run('ReplicateKey', { KeyId, ReplicaRegion: AWAY });
  const { CiphertextBlob } = kms.run('Encrypt', {
    KeyId: 'alias/root',
    Plaintext: base64('secret'),
    EncryptionContext: { a: 'bc' },
  });
  kms.run('RotateKeyOnDemand', { KeyId });
  kms.refuse('ConflictException', 'RotateKeyOnDemand', { KeyId });
  kms.wait(10 * SECOND);
  expect(kms.run('ListKeyRotations', { KeyId }).Rotations).toHaveLength(1);
  kms.in(AWAY, () => {
    expect(kms.run('Decrypt', { CiphertextBlob, EncryptionContext: { a: 'bc' } }).Plaintext).toBe(base64('secret'));
    kms.refuse('InvalidCiphertextException', 'Decrypt', { CiphertextBlob, EncryptionContext: { ab: 'c' } });
  });
  kms.wait(200 * DAY);
  kms.restart();
  expect(kms.run('ListKeyRotations', { KeyId }).Rotations).toHaveLength(3);
  kms.run('PutKeyPolicy', { KeyId, Policy: String(kms.run('GetKeyPolicy', { KeyId }).Policy) });
  expect(kms.region).toBe(HOME);
});

it('signs so that others verify', () => {
  const kms = new Bench();
  for (const [KeySpec, SigningAlgorithm, hash] of [
    ['ECC_NIST_P256', 'ECDSA_SHA_256', 'sha256'],
    ['ECC_NIST_P384', 'ECDSA_SHA_384', 'sha384'],
    ['ECC_NIST_P521', 'ECDSA_SHA_512', 'sha512'],
  ] as const) {
    const KeyId = kms.key({ KeySpec, KeyUsage: 'SIGN_VERIFY' });
    const Message = base64('message');
    const { Signature } = kms.run('Sign', { KeyId, Message, SigningAlgorithm });
    const spki = Buffer.from(String(kms.run('GetPublicKey', { KeyId }).PublicKey), 'base64');
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    expect(verify(hash, Buffer.from('message'), key, Buffer.from(String(Signature), 'base64'))).toBe(true);
    expect(kms.run('Verify', { KeyId, Message, Signature: String(Signature), SigningAlgorithm }).SignatureValid).toBe(
      true,
    );
  }
});

it('refuses a policy that it could not judge afterwards, also when the lockout check is bypassed', () => {
  const kms = new Bench();
  const KeyId = kms.key();
  const statement = '{"Effect":"Allow","Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}';
  const Policy = `{"Version":"2012-10-17","Statement":[${statement}]}`;
  const input = { KeyId, Policy, BypassPolicyLockoutSafetyCheck: true };
  kms.refuse('MalformedPolicyDocumentException', 'PutKeyPolicy', input, 'the name twice');
});
