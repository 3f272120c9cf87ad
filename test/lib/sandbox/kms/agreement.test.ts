import { createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Bench } from './harness.js';

const EC = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' };

function peer(namedCurve = 'P-256') {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  return { privateKey, spki: publicKey.export({ format: 'der', type: 'spki' }).toString('base64') };
}

describe('DeriveSharedSecret', () => {
  it('gives what the other side derives', () => {
    const bench = new Bench();
    const KeyId = bench.key(EC);
    const { privateKey, spki } = peer();
    const answer = bench.run('DeriveSharedSecret', { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: spki });
    const ours = bench.run('GetPublicKey', { KeyId });
    const publicKey = createPublicKey({
      key: Buffer.from(String(ours.PublicKey), 'base64'),
      format: 'der',
      type: 'spki',
    });
    expect(answer.SharedSecret).toBe(diffieHellman({ privateKey, publicKey }).toString('base64'));
    expect(answer).toMatchObject({ KeyAgreementAlgorithm: 'ECDH', KeyOrigin: 'AWS_KMS' });
    expect(ours.KeyAgreementAlgorithms).toEqual(['ECDH']);
    expect(bench.question('DeriveSharedSecret').context).toMatchObject({ 'kms:KeyAgreementAlgorithm': 'ECDH' });
  });

  it('takes no point of another curve, no other key and no rubbish', () => {
    const bench = new Bench();
    const KeyId = bench.key(EC);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'der', type: 'spki' });
    for (const PublicKey of [peer('P-384').spki, rsa.toString('base64'), 'AAAA', peer().spki.slice(0, -8)]) {
      bench.refuse('ValidationException', 'DeriveSharedSecret', { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey });
    }
  });

  it('is for keys of that usage alone, and dry runs stop before the secret', () => {
    const bench = new Bench();
    const input = { KeyAgreementAlgorithm: 'ECDH', PublicKey: peer().spki };
    const signing = bench.key({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    bench.refuse('InvalidKeyUsageException', 'DeriveSharedSecret', { ...input, KeyId: signing });
    const KeyId = bench.key(EC);
    bench.refuse('DryRunOperationException', 'DeriveSharedSecret', { ...input, KeyId, DryRun: true });
    bench.run('DisableKey', { KeyId });
    bench.refuse('DisabledException', 'DeriveSharedSecret', { ...input, KeyId });
  });
});
