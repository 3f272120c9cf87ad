import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseRange } from '../../../src/lib/git/range.js';

interface Vector {
  readonly name: string;
  readonly why: string;
  readonly input: string;
  readonly expect: readonly unknown[] | { readonly error: string };
}

const vectors = JSON.parse(readFileSync('test/vectors/git/ranges.json', 'utf8')) as Vector[];

describe('what a fetched range did', () => {
  test.each(vectors)('$name', ({ input, expect: expected }) => {
    if ('error' in expected) {
      expect(() => parseRange(input)).toThrow(expect.objectContaining({ code: expected.error }));
    } else expect(parseRange(input)).toEqual(expected);
  });
});
