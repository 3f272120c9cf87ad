import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { formatLine, MAX_CIPHERTEXT_BYTES, MAX_LINE_BYTES, parseLine } from '../../../src/lib/ciphertext/line.js';

interface Vector {
  readonly name: string;
  readonly why: string;
  readonly input: string;
  readonly expect: string;
}

const VECTORS = JSON.parse(
  readFileSync(new URL('../../vectors/ciphertext/lines.json', import.meta.url), 'utf8'),
) as readonly Vector[];
const MATERIAL = 'ab'.repeat(32);

describe('a line', () => {
  it.each(VECTORS)('$name: $why', ({ input, expect: expected }) => {
    const read = () => parseLine(Buffer.from(input, 'utf8'));
    if (expected === 'RECORD_MALFORMED') expect(read).toThrow(expect.objectContaining({ code: expected }));
    else expect(formatLine(read())).toBe(expected);
  });

  it('is refused when it is longer than a ciphertext with its context can be, or not UTF-8', () => {
    const stored = { id: 'a', ciphertext: Buffer.alloc(MAX_CIPHERTEXT_BYTES), context: {}, keyMaterialId: MATERIAL };
    expect(parseLine(Buffer.from(formatLine(stored)))).toEqual(stored);
    const larger = formatLine({ ...stored, ciphertext: Buffer.alloc(MAX_CIPHERTEXT_BYTES + 3) });
    expect(() => parseLine(Buffer.from(larger))).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
    for (const bytes of [Buffer.alloc(MAX_LINE_BYTES + 1, ' '), Buffer.from([0xff, 0xfe])]) {
      expect(() => parseLine(bytes)).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
    }
  });

  it('gives a value or RECORD_MALFORMED for any bytes, and is inverse to formatLine', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          try {
            parseLine(bytes);
          } catch (cause) {
            expect(cause).toBeInstanceOf(CustodyError);
            expect(cause).toMatchObject({ code: 'RECORD_MALFORMED' });
          }
        },
      ),
    );
    const name = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((text) => text !== '__proto__');
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 99 }),
        name,
        fc.dictionary(name, name),
        (bytes, id, context) => {
          const stored = { id, ciphertext: Buffer.from(bytes), context: { ...context }, keyMaterialId: null };
          expect(parseLine(Buffer.from(formatLine(stored)))).toEqual(stored);
        },
      ),
    );
  });
});
