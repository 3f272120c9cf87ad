import { readFileSync } from 'node:fs';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatCanonical,
  type JsonValue,
  parseCanonical,
  parseJson,
  sameJson,
} from '../../../src/lib/base/canonical-json.js';

interface Document {
  readonly name: string;
  readonly why: string;
  readonly input?: string;
  readonly inputHex?: string;
  readonly expect: string;
}

function vectors(name: string): readonly Document[] {
  const url = new URL(`../../vectors/canonical-json/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as Document[];
}

const bytesOf = ({ input = '', inputHex }: Document) => Buffer.from(inputHex ?? input, inputHex ? 'hex' : 'utf8');

describe('T2 parseCanonical', () => {
  it.each(vectors('documents'))('$expect: $name', (vector) => {
    const bytes = bytesOf(vector);
    if (vector.expect === 'accepted') {
      expect(formatCanonical(parseCanonical(bytes, 'it'))).toBe(bytes.toString('utf8'));
    } else {
      expect(() => parseCanonical(bytes, 'it')).toThrow(expect.objectContaining({ code: vector.expect }));
    }
  });

  it('gives names that JavaScript treats in their own way as plain members', () => {
    const value = parseCanonical(Buffer.from('{"__proto__":{"admin":true}}'), 'it') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value.admin).toBeUndefined();
  });

  it('raises the code of its caller and names the place', () => {
    expect(() => parseCanonical(Buffer.from('{ }'), 'roster/1.json', undefined, 'ROSTER_INVALID')).toThrow(
      expect.objectContaining({ code: 'ROSTER_INVALID', message: expect.stringMatching(/^roster\/1\.json: /) }),
    );
  });

  it('T35 reads no more bytes and no deeper than it is told', () => {
    const limits = { maxBytes: 5, maxDepth: 2 };
    expect(parseCanonical(Buffer.from('[[1]]'), 'it', limits)).toEqual([[1]]);
    for (const text of ['[[12]]', '[[[]]', '{"a']) {
      expect(() => parseCanonical(Buffer.from(text), 'it', limits)).toThrow(
        expect.objectContaining({ code: 'RECORD_MALFORMED' }),
      );
    }
    expect(() => parseCanonical(Buffer.alloc(256 * 1024 + 1, 0x31), 'it')).toThrow(/at most 262144/);
    for (const open of ['[', '{"a":', '"\\"",[', '[{"[":[']) {
      expect(() => parseJson(Buffer.from(open.repeat(20_000)), 'it')).toThrow(/nested deeper than 32|not JSON/);
    }
    expect(() => parseJson(Buffer.from('['.repeat(100_000)), 'it')).toThrow(/nested deeper than 32/);
    expect(() => parseJson(Buffer.from(`${'"\\\\",'.repeat(9)}${'['.repeat(99)}`), 'it')).toThrow(/nested deeper/);
  });
});

describe('formatCanonical', () => {
  const numbers = vectors('numbers');

  it.each(numbers)('writes the double $input as $expect', ({ input = '', expect: text }) => {
    const number = Buffer.from(input, 'hex').readDoubleBE();
    if (text === 'BUG') expect(() => formatCanonical(number)).toThrow(expect.objectContaining({ code: 'BUG' }));
    else expect(formatCanonical(number)).toBe(text);
  });

  it('writes the example of RFC 8785 section 3.2.2', () => {
    const input =
      '{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],' +
      '"string": "\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/", "literals": [null, true, false]}';
    expect(formatCanonical(parseJson(Buffer.from(input), 'it'))).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('writes what the library writes, in whatever order the names come', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const [found, other] = [value as JsonValue, shuffled(value as JsonValue)];
        expect(formatCanonical(found)).toBe(canonicalize(found));
        expect(formatCanonical(other)).toBe(canonicalize(found));
      }),
    );
    class Odd {
      toJSON = () => ({ b: 1, a: 2 });
      constructor() {
        Object.defineProperty(this, 'toJSON', { enumerable: false });
      }
    }
    for (const value of [{ 10: 1, 9: 2 }, { a: undefined, b: 1 }, { a: [new Odd()] }, { a: Buffer.from('b') }]) {
      expect(formatCanonical(value as unknown as JsonValue)).toBe(canonicalize(value));
    }
  });

  it('refuses what JSON cannot say', () => {
    const circle: Record<string, unknown> = {};
    circle.again = circle;
    const impossible: unknown[] = [
      Number.NaN,
      [Number.POSITIVE_INFINITY],
      { a: { b: Number.NaN } },
      { a: ['\udc00'] },
      '\ud800',
      { '\udc00': 1 },
      circle,
      1n,
      undefined,
    ];
    for (const value of [...impossible, () => 1]) {
      expect(() => formatCanonical(value as JsonValue)).toThrow(expect.objectContaining({ code: 'BUG' }));
    }
  });

  it('is inverse to parseCanonical, and one form for one value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }), (value) => {
        const text = formatCanonical(value as JsonValue);
        const back = parseCanonical(Buffer.from(text), 'it', { maxBytes: 1e6, maxDepth: 64 });
        expect(formatCanonical(back)).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(formatCanonical(shuffled(value as JsonValue))).toBe(text);
      }),
    );
  });
});

describe('sameJson', () => {
  const text = (value: JsonValue) => formatCanonical(value);

  it('says what the canonical forms say', () => {
    const value = fc.jsonValue({ maxDepth: 2 }).map((found) => JSON.parse(JSON.stringify(found)) as JsonValue);
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(sameJson(a, b)).toBe(text(a) === text(b));
        expect(sameJson(a, shuffled(a))).toBe(true);
      }),
    );
  });

  it.each<readonly [JsonValue | undefined, JsonValue | undefined]>([
    [null, undefined],
    [{}, []],
    [[], null],
    [{ '0': 1 }, [1]],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 2]],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1, b: 2 }, { a: 1 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: null }, { b: null }],
    [1, '1'],
    [0, false],
    ['', null],
    [{ a: { b: [1] } }, { a: { b: [2] } }],
  ])('tells %j from %j', (a, b) => {
    expect(sameJson(a, b)).toBe(false);
    expect(sameJson(b, a)).toBe(false);
  });
});

/** The same value with the members of every object the other way round. */
function shuffled(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  const turned = Object.entries(value).reverse();
  return Object.fromEntries(turned.map(([name, item]) => [name, shuffled(item as JsonValue)]));
}
