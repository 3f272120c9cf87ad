import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCanonical } from '../../src/lib/base/canonical-json.js';

const accepts = (text: string): boolean => {
  try {
    parseCanonical(Buffer.from(text, 'utf8'), 'it');
    return true;
  } catch {
    return false;
  }
};

/** What the library says, which knows no short cut. */
const isCanonical = (text: string): boolean => {
  try {
    return canonicalize(JSON.parse(text)) === text;
  } catch {
    return false;
  }
};

describe('the quick look at canonical form', () => {
  it('agrees with the library on canonical, sorted, shuffled and spaced texts', () => {
    const value = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });
    fc.assert(
      fc.property(value, fc.nat(2), (json, form) => {
        const canonical = canonicalize(json) ?? 'null';
        const text = [canonical, JSON.stringify(json), JSON.stringify(json, null, 1)][form] ?? canonical;
        if (!Buffer.from(text, 'utf8').toString('utf8').includes('\ufffd'))
          expect(accepts(text)).toBe(isCanonical(text));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    '{"10":1,"2":2}',
    '{"2":1,"10":2}',
    '{"a":1,"a":2}',
    '{"b":1,"a":2}',
    '"\\ud800"',
    '"\\\\ud800"',
    '"\\uD83D\\uDE00"',
    '-0',
    '1.0',
    '1e21',
    '1E21',
    '{"__proto__":1}',
    '{"a":{"__proto__":{"z":1,"y":2}}}',
    '"\\u000a"',
    '"\\n"',
    '"\\/"',
  ])('agrees with the library on %s', (text) => {
    expect(accepts(text)).toBe(isCanonical(text));
  });
});
