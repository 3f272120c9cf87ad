import { createHash, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { assertRandom, commitmentOf } from '../../../src/lib/base/material.js';

describe('commitmentOf', () => {
  it('is what stock tools give: SHA-256 of a line and the bytes', () => {
    const bytes = Buffer.from(Array.from({ length: 32 }, (_, at) => at));
    // (printf 'custody:material:v1\n'; cat material) | sha256sum
    const expected = createHash('sha256').update('custody:material:v1\n').update(bytes).digest('hex');
    expect(commitmentOf(bytes)).toBe(`sha256:${expected}`);
    expect(commitmentOf(bytes)).toBe('sha256:238ae806db44986d9e4031d1cce69bac126b17c39a8bf57125fa41fbb5ab0df4');
    expect(bytes[31]).toBe(31);
  });

  it('is not the plain digest, and another one for other bytes', () => {
    const bytes = randomBytes(32);
    expect(commitmentOf(bytes)).not.toContain(createHash('sha256').update(bytes).digest('hex'));
    const other = Buffer.from(bytes);
    other[0] = (other[0] ?? 0) ^ 1;
    expect(commitmentOf(other)).not.toBe(commitmentOf(bytes));
  });
});

describe('assertRandom', () => {
  it('takes what a random generator gives', () => {
    for (let turn = 0; turn < 2000; turn++) expect(() => assertRandom(randomBytes(32))).not.toThrow();
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['31 bytes', randomBytes(31)],
    ['33 bytes: a newline at the end', Buffer.concat([randomBytes(32), Buffer.from('\n')])],
    ['a key of 128 bits in hex', Buffer.from(randomBytes(16).toString('hex'))],
    ['the beginning of base64', Buffer.from(randomBytes(32).toString('base64').slice(0, 32))],
    ['a passphrase', Buffer.from('correct horse battery staple 1\r\n')],
    ['zeros', Buffer.alloc(32)],
    ['two bytes again and again', Buffer.from('ab00'.repeat(16), 'hex')],
    ['a key of 112 bits that was filled up', Buffer.concat([randomBytes(14), Buffer.alloc(18, 7)])],
  ])('T46 refuses %s, and quotes none of it', (_, bytes) => {
    let failure: unknown = null;
    try {
      assertRandom(bytes);
    } catch (cause) {
      failure = cause;
    }
    expect(failure).toMatchObject({ code: 'REFUSED', details: { foundBytes: bytes.length } });
    if (bytes.length < 8) return;
    const shown = inspect(failure, { depth: 10, showHidden: true });
    for (const form of ['hex', 'base64', 'latin1'] as const) expect(shown).not.toContain(bytes.toString(form));
  });
});
