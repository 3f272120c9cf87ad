import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addSeconds,
  formatDuration,
  instantFromDate,
  instantFromMillis,
  isInstant,
  isLaterBy,
  millisOf,
  parseDuration,
  parseInstant,
  secondsBetween,
} from '../../../src/lib/base/time.js';

interface Vector<I, E> {
  readonly name: string;
  readonly why: string;
  readonly input: I;
  readonly expect: E;
}

function vectors<I, E>(name: string): readonly Vector<I, E>[] {
  return JSON.parse(readFileSync(new URL(`../../vectors/time/${name}.json`, import.meta.url), 'utf8')) as Vector<
    I,
    E
  >[];
}

const LAST = parseInstant('9999-12-31T23:59:59.999Z');
const FIRST = parseInstant('0000-01-01T00:00:00.000Z');

describe('instants', () => {
  it.each(vectors<unknown, boolean>('instants'))('$name: $expect', (vector) => {
    expect(isInstant(vector.input)).toBe(vector.expect);
    if (typeof vector.input !== 'string' || vector.expect) return;
    const { input } = vector;
    expect(() => parseInstant(input)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('sort as text as they do in time', () => {
    const millis = fc.integer({ min: millisOf(FIRST), max: millisOf(LAST) });
    fc.assert(
      fc.property(millis, millis, (a, b) => {
        const [x, y] = [instantFromMillis(a), instantFromMillis(b)];
        expect(x < y).toBe(a < b);
        expect(millisOf(parseInstant(x))).toBe(a);
        expect(secondsBetween(x, y)).toBeCloseTo((b - a) / 1000, 3);
      }),
    );
  });

  it('T12 end where the year would get a fifth digit: no wait is over because it was made endless', () => {
    for (const seconds of [1, 86_400, 1e12, 1e300, Number.POSITIVE_INFINITY]) {
      expect(addSeconds(LAST, seconds)).toBe(LAST);
      expect(addSeconds(FIRST, -seconds)).toBe(FIRST);
    }
    expect(() => instantFromMillis(Number.NaN)).toThrow(expect.objectContaining({ code: 'BUG' }));
    expect(() => instantFromDate(new Date(Number.NaN))).toThrow(expect.objectContaining({ code: 'BUG' }));
  });

  it('add up', () => {
    const at = parseInstant('2028-02-28T23:59:59.500Z');
    expect(addSeconds(at, 1)).toBe('2028-02-29T00:00:00.500Z');
    expect(addSeconds(at, -0.5)).toBe('2028-02-28T23:59:59.000Z');
    expect(secondsBetween(at, addSeconds(at, 90))).toBe(90);
    expect(secondsBetween(addSeconds(at, 90), at)).toBe(-90);
    expect(instantFromDate(new Date(millisOf(at)))).toBe(at);
  });
});

describe('durations', () => {
  it.each(vectors<string, number | null>('durations'))('$name: $input is $expect', ({ input, expect: seconds }) => {
    expect(parseDuration(input)).toBe(seconds);
  });

  it('are written in the largest unit that divides them', () => {
    expect([0, 1, 60, 90, 3600, 5400, 86_400, 604_800].map(formatDuration)).toEqual([
      '0s',
      '1s',
      '1m',
      '90s',
      '1h',
      '90m',
      '1d',
      '7d',
    ]);
  });

  it('are inverse: what was read can be written and read again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999 }), fc.constantFrom('s', 'm', 'h', 'd'), (count, unit) => {
        const seconds = parseDuration(`${count}${unit}`);
        expect(parseDuration(formatDuration(seconds ?? Number.NaN))).toBe(seconds);
      }),
    );
  });
});

describe('isLaterBy', () => {
  const noon = parseInstant('2026-01-31T12:00:00.000Z');

  it.each([
    ['2026-01-31T12:05:00.001Z', true],
    ['2026-02-01T00:00:00.000Z', true],
    ['2026-01-31T12:05:00.000Z', false],
    ['2026-01-31T12:00:00.000Z', false],
    ['2025-12-31T23:59:59.999Z', false],
  ])('says whether %s is more than five minutes later: %s', (text, expected) => {
    expect(isLaterBy(300, noon, parseInstant(text))).toBe(expected);
  });
});
