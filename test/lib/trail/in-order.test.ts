import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCanonical } from '../../../src/lib/base/canonical-json.js';
import { inOrder } from '../../../src/lib/trail/in-order.js';
import { readRecords } from '../../../src/lib/trail/records.js';

const textOf = (json: string, depth = 64) => inOrder(Buffer.from(json), depth)?.bytes.toString() ?? null;
const wide = (count: number) =>
  `{${Array.from({ length: count }, (_, at) => `"n${String(1000 - at)}":${at}`).join(',')}}`;
const record = {
  eventID: 'a',
  z: { b: [{ y: 1, x: 2 }], a: 'ä"\\\n€😀' },
  A: -1.5e-7,
  aa: null,
  a: true,
  '': 0,
  B: false,
};

describe('JSON brought in order without being read', () => {
  it.each([
    ['an object', '{"b":1,"a":2}', '{"a":2,"b":1}'],
    [
      'what is inside of one',
      '{"b":{"d":[{"z":1,"y":{"k":1,"j":"x"}}],"c":0},"a":""}',
      '{"a":"","b":{"c":0,"d":[{"y":{"j":"x","k":1},"z":1}]}}',
    ],
    ['a name that begins another', '{"aa":1,"a!":2,"a":3,"":4}', '{"":4,"a":3,"a!":2,"aa":1}'],
    ['names of digits', '{"10":1,"9":2,"__proto__":3}', '{"10":1,"9":2,"__proto__":3}'],
    [
      'numbers and escapes',
      '{"b":[0,-1,1.5,1e+21,5e-324,true,false,null],"a":"\\"\\\\\\n\\t"}',
      '{"a":"\\"\\\\\\n\\t","b":[0,-1,1.5,1e+21,5e-324,true,false,null]}',
    ],
    ['a value alone', '"a"', '"a"'],
    ['64 names', wide(64), formatCanonical(JSON.parse(wide(64)))],
  ])('is in canonical form: %s', (_, json, expected) => {
    expect(textOf(json)).toBe(expected);
    expect(canonicalize(JSON.parse(json))).toBe(expected);
  });

  it.each([
    ['a name twice', '{"b":1,"a":2,"b":3}'],
    ['a name twice at once', '{"a":1,"a":1}'],
    ['a name twice inside', '[{"b":{"c":1,"a":2,"c":3}}]'],
    ['a name twice, once escaped', '{"a":1,"\\u0061":2}'],
    ['an escape that is not the shortest', '{"a":"\\u0041"}'],
    ['an escaped slash', '{"a":"\\/"}'],
    ['half of a surrogate pair', '{"a":"\\ud800"}'],
    ['white space', '{"a": 1}'],
    ['white space after it', '{"a":1}\n'],
    ['a control character', '{"a":"\t"}'],
    ['a name that is not ASCII', '{"ä":1,"a":2}'],
    ['a number written otherwise', '[1.0]'],
    ['an exponent written otherwise', '[1E3]'],
    ['minus zero', '[-0]'],
    ['more digits than a number has', '[12345678901234567890]'],
    ['65 names', wide(65)],
    ['nothing', ''],
    ['no end', '{"a":"b'],
    ['two values', '{}{}'],
  ])('is left to a parser: %s', (_, json) => {
    expect(textOf(json)).toBeNull();
  });

  it('is not nested deeper than it may be', () => {
    expect(textOf('[[{"a":1}]]', 3)).toBe('[[{"a":1}]]');
    expect(textOf('[[{"a":1}]]', 2)).toBeNull();
    expect(textOf('{"a":[[1]]}', 3)).toBe('{"a":[[1]]}');
    expect(textOf('{"a":[[1]]}', 2)).toBeNull();
    expect(textOf(`${'['.repeat(100_000)}`)).toBeNull();
  });

  it('is what the library writes, for any value as it is usually written', () => {
    const name = fc.stringMatching(/^[ -!#-[\]-~]{0,4}$/);
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'grapheme' }),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0 || 0),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(name, tie('any'), { maxKeys: 6 }),
      ),
    })).any;
    let moved = 0;
    fc.assert(
      fc.property(value, (given) => {
        const json = JSON.stringify(given);
        const found = textOf(json);
        if (found !== null && found !== json) moved++;
        // An escape of a control character is the only thing here that is left to a parser.
        expect(found ?? (/\\u/.test(json) ? null : 'not in order')).toBe(found === null ? null : canonicalize(given));
      }),
      { numRuns: 1000 },
    );
    expect(moved).toBeGreaterThan(20);
  });
});

describe('the canonical form of a record', () => {
  const forms = (json: string) =>
    readRecords(Buffer.from(json), 'log').records.map(({ canonical }) => canonical?.toString() ?? null);
  const other = { ...record, eventID: 'b' };
  const [one, two] = [record, other].map((item) => canonicalize(item));

  it.each([
    ['a log file', JSON.stringify({ Records: [record, other] }), [one, two]],
    ['a list', JSON.stringify([record, other]), [one, two]],
    ['a record alone', JSON.stringify(record), [one]],
    ['lines', `${JSON.stringify(record)}\n${JSON.stringify(other)}\n`, [one, two]],
    ['LookupEvents', JSON.stringify({ Events: [{ CloudTrailEvent: JSON.stringify(other) }] }), [two]],
    ['a log file of more than records', JSON.stringify({ Records: [record], Also: [1] }), [null]],
    ['records that are not first', JSON.stringify({ Also: [record], Records: [other] }), [null]],
    ['an envelope', JSON.stringify({ id: 'x', detail: record }), [null]],
    ['a log file with white space', JSON.stringify({ Records: [record] }, null, 1), [null]],
  ])('comes with it from %s', (_, json, expected) => {
    expect(forms(json)).toEqual(expected);
  });

  it('is never that of another record', () => {
    const records = fc.array(fc.record({ eventID: fc.uuid(), b: fc.jsonValue(), a: fc.jsonValue() }), { maxLength: 5 });
    fc.assert(
      fc.property(records, (given) => {
        const { records: read } = readRecords(Buffer.from(JSON.stringify({ Records: given })), 'log');
        expect(read).toHaveLength(given.length);
        for (const { record: found, canonical } of read) {
          if (canonical !== null) expect(canonical.toString()).toBe(canonicalize(found));
        }
      }),
    );
  });
});
