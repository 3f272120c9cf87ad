import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { publicHalf } from '../../../src/lib/signing/local-key-seal.js';
import { generatePrivateKey } from '../../../src/lib/signing/private-key.js';

function draws(...hex: string[]) {
  const left = hex.map((text) => Buffer.from(text, 'hex'));
  return { left, random: () => left.shift() ?? Buffer.alloc(32, 0) };
}

describe('generatePrivateKey', () => {
  it('makes the Ed25519 key of RFC 8032 section 7.1 test 1', () => {
    const { random } = draws('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
    const spki = publicHalf(generatePrivateKey('ed25519', random));
    expect(spki.subarray(-32).toString('hex')).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
  });

  it('makes the P-256 key of RFC 6979 appendix A.2.5', () => {
    const { random } = draws('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721');
    const spki = publicHalf(generatePrivateKey('ecdsa-p256-sha256', random));
    expect(spki.subarray(-64).toString('hex')).toBe(
      '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6' +
        '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
    );
  });

  it('draws again when the bytes are not a scalar of P-256', () => {
    const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
    const { left, random } = draws('00'.repeat(32), order, `${'00'.repeat(31)}02`);
    expect(generatePrivateKey('ecdsa-p256-sha256', random).asymmetricKeyType).toBe('ec');
    expect(left).toEqual([]);
  });

  it('gives up on a source that is broken', () => {
    const broken = () => generatePrivateKey('ecdsa-p256-sha256', () => Buffer.alloc(32, 0xff));
    expect(broken).toThrowError(CustodyError);
  });

  it('wipes what it drew', () => {
    const drawn: Buffer[] = [];
    const random = (size: number) => {
      const bytes = Buffer.alloc(size, 7);
      drawn.push(bytes);
      return bytes;
    };
    generatePrivateKey('ed25519', random);
    generatePrivateKey('ecdsa-p256-sha256', random);
    expect(drawn.map((bytes) => bytes.every((byte) => byte === 0))).toEqual([true, true]);
  });
});
