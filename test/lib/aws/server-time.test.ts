import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseHttpDate } from '../../../src/lib/aws/server-time.js';

interface Vector {
  readonly name: string;
  readonly input: string;
  readonly expect: string | null;
}
const VECTORS = JSON.parse(
  readFileSync(new URL('../../vectors/aws/http-date.json', import.meta.url), 'utf8'),
) as Vector[];

describe('parseHttpDate', () => {
  it.each(VECTORS)('$name', ({ input, expect: expected }) => {
    expect(parseHttpDate(input)).toBe(expected);
  });
  it('no header, no time', () => expect(parseHttpDate(undefined)).toBeNull());
});
