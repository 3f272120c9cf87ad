import { createPrivateKey, createPublicKey, ECDH, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ALGORITHMS,
  formatPublicKeyPem,
  hintOf,
  isAlgorithmName,
  type PublicKey,
  parsePublicKey,
  parsePublicKeyBase64,
  verifySignature,
} from '../../../src/lib/base/signature.js';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');
const P256_HEAD = hex('3059301306072a8648ce3d020106082a8648ce3d030107034200');
const ED25519_HEAD = hex('302a300506032b6570032100');
const ROSTER_INVALID = expect.objectContaining({ code: 'ROSTER_INVALID' });

/** RFC 6979 appendix A.2.5: the key on P-256 and its signature with SHA-256 of "sample". */
const P256 = {
  spki: Buffer.concat([
    P256_HEAD,
    hex('04 60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6'),
    hex('7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299'),
  ]),
  message: Buffer.from('sample'),
  signature: der(
    hex('efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716'),
    hex('f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8'),
  ),
};

/** RFC 8032 section 7.1, test 2. */
const ED25519 = {
  spki: Buffer.concat([ED25519_HEAD, hex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')]),
  message: hex('72'),
  signature: hex(`92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
    085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00`),
};

/** ASN.1 DER: a sequence of two integers, which get a zero in front where they would read as negative. */
function der(r: Buffer, s: Buffer): Buffer {
  const integer = (bytes: Buffer) => {
    const body = (bytes[0] ?? 0) & 0x80 ? Buffer.concat([hex('00'), bytes]) : bytes;
    return Buffer.concat([Buffer.from([0x02, body.length]), body]);
  };
  const body = Buffer.concat([integer(r), integer(s)]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

/** The key of `P256` as SubjectPublicKeyInfo with its point written in another way. */
function withPoint(form: 'compressed' | 'hybrid'): Buffer {
  const point = ECDH.convertKey(P256.spki.subarray(-65), 'prime256v1', undefined, undefined, form) as Buffer;
  const head = Buffer.from(P256_HEAD);
  head.writeUInt8(21 + 3 + point.length, 1);
  head.writeUInt8(point.length + 1, head.length - 2);
  return Buffer.concat([head, point]);
}

describe.each([
  ['ecdsa-p256-sha256', P256],
  ['ed25519', ED25519],
] as const)('%s', (algorithm, { spki, message, signature }) => {
  const key = parsePublicKey(spki);

  it('reads the published key', () => {
    expect(key.algorithm).toBe(algorithm);
    expect(key.spki.equals(spki)).toBe(true);
    expect(key.keyId).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(parsePublicKeyBase64(spki.toString('base64')).keyId).toBe(key.keyId);
    expect(hintOf(key)).toBe(Buffer.from(key.keyId.slice(7), 'hex').toString('base64'));
    expect(createPublicKey(formatPublicKeyPem(key)).export({ format: 'der', type: 'spki' }).equals(spki)).toBe(true);
  });

  it('verifies the published signature', () => {
    expect(verifySignature(key, message, signature)).toBe(true);
  });

  it('says no when one bit of it is another', () => {
    fc.assert(
      fc.property(fc.nat(signature.length * 8 - 1), (bit) => {
        const other = Buffer.from(signature);
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(verifySignature(key, message, other)).toBe(false);
      }),
    );
  });

  it('says no to another message, another key, and the other algorithm', () => {
    expect(verifySignature(key, Buffer.concat([message, message]), signature)).toBe(false);
    expect(verifySignature(key, Buffer.alloc(0), signature)).toBe(false);
    const strangers = [generateKeyPairSync('ed25519'), generateKeyPairSync('ec', { namedCurve: 'P-256' })];
    for (const { publicKey } of strangers) {
      const stranger = parsePublicKey(publicKey.export({ format: 'der', type: 'spki' }));
      expect(verifySignature(stranger, message, signature)).toBe(false);
    }
  });

  it('says no, and throws nothing, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(verifySignature(key, message, bytes)).toBe(false);
      }),
    );
  });

  it('T17 reads no other head before the same key', () => {
    for (let at = 0; at < 12; at++) {
      const other = Buffer.from(spki);
      other[at] = (other[at] ?? 0) ^ 0x01;
      expect(() => parsePublicKey(other)).toThrow(ROSTER_INVALID);
    }
  });

  it('signs and verifies with a fresh key', () => {
    const pair =
      algorithm === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const fresh = parsePublicKey(pair.publicKey.export({ format: 'der', type: 'spki' }));
    const made = sign(algorithm === 'ed25519' ? null : 'sha256', message, pair.privateKey);
    expect(verifySignature(fresh, message, made)).toBe(true);
    expect(verifySignature(key, message, made)).toBe(false);
  });
});

it('T23 a verifier that breaks has not said yes', () => {
  const broken: PublicKey = { ...parsePublicKey(P256.spki), object: null as never };
  expect(verifySignature(broken, P256.message, P256.signature)).toBe(false);
});

describe('T17 one key has one encoding', () => {
  const long = (bytes: Buffer) => Buffer.concat([hex('3081'), bytes.subarray(1)]);
  const explicit = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey;
  const others: readonly (readonly [string, Buffer])[] = [
    ['a compressed point', withPoint('compressed')],
    ['a hybrid point', withPoint('hybrid')],
    ['the parameters of the curve spelt out', explicit.export({ format: 'der', type: 'spki' })],
    ['a length in the long form', long(P256.spki)],
    ['a byte at the end', Buffer.concat([P256.spki, hex('00')])],
    ['a byte at the end of an Ed25519 key', Buffer.concat([ED25519.spki, hex('00')])],
    ['a length in the long form of an Ed25519 key', long(ED25519.spki)],
    ['Ed25519 with NULL parameters', Buffer.concat([hex('302c300706032b65700500032100'), ED25519.spki.subarray(12)])],
    ['Ed25519 with y of p', Buffer.concat([ED25519_HEAD, hex(`ed${'ff'.repeat(30)}7f`)])],
    ['Ed25519 with y above p', Buffer.concat([ED25519_HEAD, hex(`ee${'ff'.repeat(30)}7f`)])],
    ['Ed25519 with y above p and the sign', Buffer.concat([ED25519_HEAD, hex('ff'.repeat(32))])],
  ];

  it.each(others)('refuses %s', (_, spki) => {
    expect(() => parsePublicKey(spki)).toThrow(ROSTER_INVALID);
  });

  it('the refused encodings are ones that Node itself reads as that key', () => {
    const jwk = createPublicKey({ key: P256.spki, format: 'der', type: 'spki' }).export({ format: 'jwk' });
    for (const form of ['compressed', 'hybrid'] as const) {
      expect(createPublicKey({ key: withPoint(form), format: 'der', type: 'spki' }).export({ format: 'jwk' })).toEqual(
        jwk,
      );
    }
  });

  it('refuses a second encoding of a signature too', () => {
    const key = parsePublicKey(P256.spki);
    const { signature, message } = P256;
    const padded = Buffer.concat([hex('3047022200'), signature.subarray(4)]);
    for (const other of [long(signature), Buffer.concat([signature, hex('00')]), padded, signature.subarray(0, -1)]) {
      expect(verifySignature(key, message, other)).toBe(false);
    }
    const raw = Buffer.concat([signature.subarray(5, 37), signature.subarray(-32)]);
    expect(verifySignature(key, message, raw)).toBe(false);
  });
});

describe('keys that no roster takes', () => {
  const spkiOf = (key: { export(options: { format: 'der'; type: 'spki' }): Buffer }) =>
    key.export({ format: 'der', type: 'spki' });

  it.each([
    ['RSA', spkiOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)],
    ['P-384', spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)],
    ['secp256k1', spkiOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)],
    ['X25519', spkiOf(generateKeyPairSync('x25519').publicKey)],
    ['Ed448', spkiOf(generateKeyPairSync('ed448').publicKey)],
    ['a point beside the curve', Buffer.concat([P256.spki.subarray(0, -1), hex('98')])],
    ['the point at infinity', hex('3019301306072a8648ce3d020106082a8648ce3d03010703020000')],
    ['coordinates above p', Buffer.concat([P256_HEAD, hex(`04${'ff'.repeat(64)}`)])],
    ['zeros', Buffer.alloc(91)],
    ['nothing', Buffer.alloc(0)],
    ['PEM', Buffer.from(formatPublicKeyPem(parsePublicKey(P256.spki)))],
    ['a private key', generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' })],
  ])('%s', (_, spki) => {
    expect(() => parsePublicKey(spki)).toThrow(ROSTER_INVALID);
  });

  it.each(['', '!', 'AAAA', `${P256.spki.toString('base64')}\n`, P256.spki.toString('base64url').replace(/$/, '-')])(
    'base64 %j',
    (text) => {
      expect(() => parsePublicKeyBase64(text)).toThrow(ROSTER_INVALID);
    },
  );

  /** y of the eight points whose order divides 8; with the sign bit these are all of their encodings. */
  const SMALL = [
    `01${'00'.repeat(31)}`,
    '00'.repeat(32),
    `ec${'ff'.repeat(30)}7f`,
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ];

  it.each(SMALL)('an Ed25519 key of small order, for which anybody can sign: %s', (y) => {
    for (const sign of [0x00, 0x80]) {
      const bytes = hex(y);
      bytes[31] = (bytes[31] ?? 0) | sign;
      expect(() => parsePublicKey(Buffer.concat([ED25519_HEAD, bytes]))).toThrow(ROSTER_INVALID);
    }
  });

  // OpenSSL 3.5 (Node 24) refuses it by itself.
  const lets = process.versions.openssl.startsWith('3.0.');
  it.runIf(lets)('which is no theory: under the neutral element a signature of zeros is valid for everything', () => {
    const spki = Buffer.concat([ED25519_HEAD, hex(SMALL[0] ?? '')]);
    const object = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    const key: PublicKey = { ...parsePublicKey(ED25519.spki), object };
    expect(verifySignature(key, Buffer.from('anything'), hex(`01${'00'.repeat(63)}`))).toBe(true);
  });
});

it('T20 an algorithm is one of the table, by its exact name', () => {
  expect(Object.keys(ALGORITHMS).every(isAlgorithmName)).toBe(true);
  for (const name of ['Ed25519', 'ecdsa', '', 'constructor', '__proto__', 'toString', null, 1, ['ed25519']]) {
    expect(isAlgorithmName(name)).toBe(false);
  }
});

it('a signer of the outside gives what the table verifies', () => {
  const seed = hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
  const pkcs8 = Buffer.concat([hex('302e020100300506032b657004220420'), seed]);
  const made = sign(null, ED25519.message, createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }));
  expect(made.equals(ED25519.signature)).toBe(true);
});
