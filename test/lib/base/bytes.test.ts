import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeBase64,
  decodeUtf8,
  digestFromHex,
  digestHex,
  digestOf,
  encodeBase32,
  encodeBase64,
  isDigest,
  sha256,
  sha256Hex,
  wipe,
} from '../../../src/lib/base/bytes.js';

/** RFC 4648 section 10; base32 in lower case and unpadded. */
const RFC_4648 = [
  ['', '', ''],
  ['f', 'Zg==', 'my'],
  ['fo', 'Zm8=', 'mzxq'],
  ['foo', 'Zm9v', 'mzxw6'],
  ['foob', 'Zm9vYg==', 'mzxw6yq'],
  ['fooba', 'Zm9vYmE=', 'mzxw6ytb'],
  ['foobar', 'Zm9vYmFy', 'mzxw6ytboi'],
] as const;

describe('base64 and base32', () => {
  it.each(RFC_4648)('of "%s"', (text, base64, base32) => {
    expect(encodeBase64(Buffer.from(text))).toBe(base64);
    expect(decodeBase64(base64)?.toString()).toBe(text);
    expect(encodeBase32(Buffer.from(text))).toBe(base32);
  });

  it.each([
    ['no padding', 'Zg'],
    ['half of the padding', 'Zg='],
    ['too much padding', 'Zm9v===='],
    ['padding in the middle', 'Zg==Zg=='],
    ['stray bits', 'Zh=='],
    ['stray bits in three', 'Zm9='],
    ['URL alphabet', '-_-_'],
    ['line break', 'Zm9v\nYmFy'],
    ['line break at the end', 'Zm9v\n'],
    ['space', ' Zm9v'],
    ['a stranger', 'Zm9*'],
    ['one character', 'Z'],
    ['only padding', '===='],
    ['NUL', 'Zm9v\0'],
  ])('T17 refuses base64 with %s: a second text for the same bytes', (_, text) => {
    expect(decodeBase64(text)).toBeNull();
  });

  it('is inverse for any bytes, also those that share a buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (bytes, skip) => {
        const part = bytes.subarray(Math.min(skip, bytes.length));
        expect(decodeBase64(encodeBase64(part))?.equals(part)).toBe(true);
        expect(encodeBase32(part)).toMatch(/^[a-z2-7]*$/);
        expect(encodeBase32(part)).toHaveLength(Math.ceil((part.length * 8) / 5));
      }),
    );
  });

  it('T35 survives megabytes', () => {
    expect(decodeBase64('A'.repeat(16 * 1024 * 1024))).toHaveLength(12 * 1024 * 1024);
    expect(decodeBase64(`${'A'.repeat(16 * 1024 * 1024)}*`)).toBeNull();
  });
});

describe('decodeUtf8', () => {
  it.each([
    ['€', 'e282ac'],
    ['😀', 'f09f9880'],
    ['', ''],
    ['\0', '00'],
  ])('reads %s', (text, hex) => {
    expect(decodeUtf8(Buffer.from(hex, 'hex'))).toBe(text);
  });

  it.each([
    ['a lone continuation', '80'],
    ['a cut character', 'e282'],
    ['an overlong form', 'c0af'],
    ['a surrogate', 'eda080'],
    ['beyond U+10FFFF', 'f4908080'],
    ['FE', 'fe'],
    ['a byte order mark', 'efbbbf61'],
    ['only a byte order mark', 'efbbbf'],
    ['Latin-1', 'e4'],
  ])('T2 refuses %s', (_, hex) => {
    expect(decodeUtf8(Buffer.from(hex, 'hex'))).toBeNull();
  });

  it('gives text that encodes to the same bytes, or nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const text = decodeUtf8(bytes);
        if (text !== null) expect(Buffer.from(text, 'utf8').equals(bytes)).toBe(true);
      }),
    );
  });
});

describe('digests', () => {
  // FIPS 180-4: SHA-256 of "abc".
  const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

  it('are those of SHA-256', () => {
    expect(sha256Hex('abc')).toBe(ABC);
    expect(sha256(Buffer.from('abc')).toString('hex')).toBe(ABC);
    expect(digestOf('abc')).toBe(`sha256:${ABC}`);
    expect(digestHex(digestFromHex(ABC))).toBe(ABC);
    expect(digestOf('é')).toBe(`sha256:${createHash('sha256').update(Buffer.from('c3a9', 'hex')).digest('hex')}`);
  });

  it.each([
    ABC,
    `sha256:${ABC.toUpperCase()}`,
    `SHA256:${ABC}`,
    `sha256:${ABC.slice(1)}`,
    `sha256:${ABC}0`,
    `sha256:${ABC}\n`,
    `sha512:${ABC}`,
    '',
    null,
    [`sha256:${ABC}`],
  ])('are not %s', (value) => {
    expect(isDigest(value)).toBe(false);
  });

  it('has one form', () => {
    expect(isDigest(`sha256:${ABC}`)).toBe(true);
  });
});

it('T46 wipe leaves nothing of a secret', () => {
  const secret = Buffer.from('passphrase');
  wipe(secret);
  expect(secret.equals(Buffer.alloc(10))).toBe(true);
});
