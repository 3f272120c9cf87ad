import { constants, createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Bench } from './harness.js';

const MESSAGE = Buffer.from('the message');
const Message = MESSAGE.toString('base64');

function publicKeyOf(kms: Bench, KeyId: string): KeyObject {
  const spki = Buffer.from(String(kms.run('GetPublicKey', { KeyId }).PublicKey), 'base64');
  return createPublicKey({ key: spki, format: 'der', type: 'spki' });
}

const kms = new Bench();
const RSA = kms.key({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' });
/** A modulus whose length in bytes differs from the length of the encoded message, less one bit. */
const CASES = [
  ...['256', '384', '512'].flatMap((bits) => [
    [RSA, `RSASSA_PKCS1_V1_5_SHA_${bits}`, { padding: constants.RSA_PKCS1_PADDING }] as const,
    [
      RSA,
      `RSASSA_PSS_SHA_${bits}`,
      { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: Number(bits) / 8 },
    ] as const,
  ]),
  ...(
    [
      ['ECC_NIST_P256', 'ECDSA_SHA_256'],
      ['ECC_NIST_P384', 'ECDSA_SHA_384'],
      ['ECC_NIST_P521', 'ECDSA_SHA_512'],
    ] as const
  ).map(([KeySpec, algorithm]) => [kms.key({ KeySpec, KeyUsage: 'SIGN_VERIFY' }), algorithm, {}] as const),
];

describe.each(CASES)('key %s, %s', (KeyId, SigningAlgorithm, options) => {
  const hash = `sha${SigningAlgorithm.slice(-3)}`;
  const digest = createHash(hash).update(MESSAGE).digest().toString('base64');
  const sign = (MessageType: 'RAW' | 'DIGEST') =>
    kms.run('Sign', { KeyId, Message: MessageType === 'RAW' ? Message : digest, MessageType, SigningAlgorithm })
      .Signature;
  const given = { KeyId, Message, SigningAlgorithm };

  it.each(['RAW', 'DIGEST'] as const)('makes signatures of %s that OpenSSL verifies', (type) => {
    const key = { key: publicKeyOf(kms, KeyId), ...options };
    for (let time = 0; time < 4; time++) {
      expect(verify(hash, MESSAGE, key, Buffer.from(String(sign(type)), 'base64'))).toBe(true);
    }
  });

  it('verifies by message and by digest', () => {
    const Signature = sign('RAW');
    expect(kms.run('Verify', { ...given, Signature }).SignatureValid).toBe(true);
    expect(kms.run('Verify', { ...given, Message: digest, MessageType: 'DIGEST', Signature }).SignatureValid).toBe(
      true,
    );
  });

  it('refuses a signature with any byte changed, cut or added', () => {
    const signature = Buffer.from(String(sign('RAW')), 'base64');
    const bad = [0, 1, 4, Math.floor(signature.length / 2), signature.length - 1].map((at) => {
      const changed = Buffer.from(signature);
      changed[at] = (changed[at] ?? 0) ^ 1;
      return changed;
    });
    for (const broken of [
      ...bad,
      signature.subarray(1),
      Buffer.concat([signature, Buffer.from([0])]),
      Buffer.from([0x30]),
    ]) {
      kms.refuse('KMSInvalidSignatureException', 'Verify', { ...given, Signature: broken.toString('base64') });
    }
  });
});
