import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  verify,
} from 'node:crypto';
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

it('refuses an RSA signature without the zero byte that it begins with', () => {
  const KeyId = kms.key({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' });
  const given = { KeyId, SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256' };
  for (let at = 0; ; at++) {
    const Message = Buffer.from(`message ${at}`).toString('base64');
    const signature = Buffer.from(String(kms.run('Sign', { ...given, Message }).Signature), 'base64');
    // One in 256 does.
    if (signature[0] !== 0) continue;
    const Signature = signature.subarray(1).toString('base64');
    kms.refuse('KMSInvalidSignatureException', 'Verify', { ...given, Message, Signature });
    return;
  }
});

it('refuses the other form of an ECDSA signature that leaves the range of the order', () => {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const KeyId = kms.key({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  const given = { KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' };
  const der = Buffer.from(String(kms.run('Sign', given).Signature), 'base64');
  const rEnd = 4 + (der[3] ?? 0);
  const s = BigInt(`0x${der.subarray(rEnd + 2).toString('hex')}`);
  const moved = Buffer.from(
    `00${(s + order).toString(16).padStart(66, '0')}`.replace(/^(?:00)+(?=[0-7]|00[89a-f])/, ''),
    'hex',
  );
  const body = Buffer.concat([der.subarray(2, rEnd), Buffer.from([2, moved.length]), moved]);
  const Signature = Buffer.concat([Buffer.from([0x30, body.length]), body]).toString('base64');
  kms.refuse('KMSInvalidSignatureException', 'Verify', { ...given, Signature });
});

it('refuses an RSASSA-PSS signature whose encoded message has bits above the modulus length', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'der', type: 'pkcs8' });
  const bench = new Bench({ rsaPair: () => pair });
  const KeyId = bench.key({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' });
  const given = { KeyId, Message, SigningAlgorithm: 'RSASSA_PSS_SHA_256' };
  const key = createPrivateKey({ key: pair, format: 'der', type: 'pkcs8' });
  const raw = { key, padding: constants.RSA_NO_PADDING };
  for (let time = 0; time < 100; time++) {
    const encoded = publicDecrypt(raw, Buffer.from(String(bench.run('Sign', given).Signature), 'base64'));
    encoded[0] = (encoded[0] ?? 0) | 0x80;
    const modulus = Buffer.from(String(key.export({ format: 'jwk' }).n), 'base64url');
    if (Buffer.compare(encoded, modulus) >= 0) continue;
    return void bench.refuse('KMSInvalidSignatureException', 'Verify', {
      ...given,
      Signature: privateEncrypt(raw, encoded).toString('base64'),
    });
  }
  throw new Error('no encoded message fell below the modulus');
});
