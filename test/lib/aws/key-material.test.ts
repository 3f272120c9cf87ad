import {
  constants,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  randomBytes,
} from 'node:crypto';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { openKeyMaterial } from '../../../src/lib/aws/key-material.js';
import { commitmentOf } from '../../../src/lib/base/material.js';
import { practiceRsa } from '../../support/rsa-pool.js';

describe('key material', () => {
  let privateKey: Parameters<typeof privateDecrypt>[0] & object;
  let spki: Buffer;
  beforeAll(() => {
    const key = createPrivateKey({ key: practiceRsa(4096), format: 'der', type: 'pkcs8' });
    spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
    privateKey = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  });

  it('is wrapped by RSA-OAEP with SHA-256', () => {
    const bytes = randomBytes(32);
    const material = openKeyMaterial(Buffer.from(bytes));
    expect(material.commitment).toBe(commitmentOf(bytes));
    const wrapped = material.wrap(spki, 'RSAES_OAEP_SHA_256');
    expect(privateDecrypt(privateKey, wrapped)).toEqual(bytes);
    expect(material.wrap(spki, 'RSAES_OAEP_SHA_256')).not.toEqual(wrapped);
  });

  it('is wrapped by an AES key that is wrapped by RSA-OAEP', () => {
    const bytes = randomBytes(32);
    const wrapped = Buffer.from(openKeyMaterial(Buffer.from(bytes)).wrap(spki, 'RSA_AES_KEY_WRAP_SHA_256'));
    const aesKey = privateDecrypt(privateKey, wrapped.subarray(0, 512));
    expect(aesKey).toHaveLength(32);
    const unwrapper = createDecipheriv('id-aes256-wrap-pad', aesKey, Buffer.from('a65959a6', 'hex'));
    expect(Buffer.concat([unwrapper.update(wrapped.subarray(512)), unwrapper.final()])).toEqual(bytes);
  });

  it('T46 is wiped with its buffer, and cannot be wrapped afterwards', () => {
    const bytes = randomBytes(32);
    const material = openKeyMaterial(bytes);
    material.wipe();
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    expect(() => material.wrap(spki, 'RSAES_OAEP_SHA_256')).toThrow(expect.objectContaining({ code: 'BUG' }));
  });

  it('T46 is wiped where it is refused, and shown by nothing', () => {
    const text = Buffer.from('0123456789abcdef'.repeat(2));
    expect(() => openKeyMaterial(text)).toThrow(expect.objectContaining({ code: 'REFUSED' }));
    expect(text.every((byte) => byte === 0)).toBe(true);
    const bytes = randomBytes(32);
    const shown =
      inspect(openKeyMaterial(bytes), { depth: 10, showHidden: true }) + JSON.stringify(openKeyMaterial(bytes));
    for (const form of ['hex', 'base64', 'latin1'] as const) expect(shown).not.toContain(bytes.toString(form));
  });

  it('T60 a wrapping key that is none, or a weak one, gets nothing', () => {
    const material = openKeyMaterial(randomBytes(32));
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'der', type: 'spki' });
    const curve = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey.export({
      format: 'der',
      type: 'spki',
    });
    for (const key of [weak, curve, Buffer.from('no key'), Buffer.alloc(0)]) {
      for (const algorithm of ['RSAES_OAEP_SHA_256', 'RSA_AES_KEY_WRAP_SHA_256'] as const) {
        expect(() => material.wrap(key, algorithm)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
      }
    }
  });
});
