import { describe, expect, it } from 'vitest';
import {
  anyJson,
  anyObject,
  boolean,
  describe as describeValue,
  type Fault,
  integer,
  list,
  mapOf,
  nullable,
  object,
  oneOf,
  optional,
  type Reader,
  readFields,
  text,
} from '../../../src/lib/base/fields.js';

function faultsOf(read: Reader<unknown>, value: unknown): readonly Fault[] {
  const faults: Fault[] = [];
  const result = read(value, '', faults);
  expect(result === undefined).toBe(faults.length > 0);
  return faults;
}

const ACCEPTED: readonly (readonly [string, Reader<unknown>, readonly unknown[], readonly unknown[]])[] = [
  ['text', text({ max: 3 }), ['a', 'abc'], ['', 'abcd', 1, null, undefined, ['a'], {}]],
  ['text that may be empty', text({ min: 0, max: 3 }), ['', 'abc'], ['abcd', null]],
  ['text of a pattern', text({ max: 9, pattern: /^\d+$/ }), ['12'], ['1a', '12\n', '']],
  ['integer', integer(0, 10), [0, 10], [-1, 11, 1.5, '1', Number.NaN, Number.POSITIVE_INFINITY, 1n, null, true]],
  ['large integer', integer(0, 2 ** 60), [2 ** 53 - 1], [2 ** 53]],
  ['boolean', boolean, [true, false], [0, 1, 'true', null, undefined]],
  ['oneOf', oneOf(['a', 'b']), ['a', 'b'], ['A', 'ab', '', null, 'constructor', ['a']]],
  ['nullable', nullable(boolean), [null, true], [undefined, 0, 'null']],
  [
    'list',
    list(boolean, { min: 1, max: 2 }),
    [[true], [true, false]],
    [[], [true, true, true], { 0: true }, 'ab', [1], null],
  ],
  [
    'map',
    mapOf(/^[a-z]$/, boolean, 2),
    [{}, { a: true, b: false }],
    [{ A: true }, { a: 1 }, { a: true, b: true, c: true }, []],
  ],
  [
    'object',
    object({ a: boolean, b: optional(boolean) }),
    [{ a: true }, { a: true, b: false }],
    [{}, { b: true }, { a: true, c: 1 }, { a: true, b: null }, [], null, 'a'],
  ],
  ['any object', anyObject, [{}, { a: 1 }], [[], null, 'a', 1, undefined]],
  ['any JSON', anyJson, [null, 0, '', false, [], {}], [undefined]],
];

describe.each(ACCEPTED)('%s', (_, read, good, bad) => {
  it.each(good.map((value) => [value]))('reads %j', (value) => {
    expect(faultsOf(read, value)).toEqual([]);
  });

  it.each(bad.map((value) => [value]))('refuses %o', (value) => {
    expect(faultsOf(read, value)).not.toEqual([]);
  });
});

describe('readFields', () => {
  const person = object({
    name: text({ max: 5 }),
    age: integer(0, 150),
    tags: list(text({ max: 3 }), { max: 3 }),
    home: object({ town: text({ max: 9 }), floor: optional(integer(0, 9)) }),
    marks: mapOf(/^[a-z]+$/, boolean, 3),
  });

  it('gives another value only where a part was read as another one, and leaves its input as it was', () => {
    const first: Reader<unknown> = (value) => (Array.isArray(value) ? value[0] : value);
    const pair = object({ inner: object({ a: first, b: boolean, c: optional(first) }), d: boolean });
    const input = () => ({ inner: { a: [1], b: true, c: [2] }, d: false });
    const given = input();
    expect(readFields(pair, given, 'it', 'PLAN_INVALID')).toEqual({ inner: { a: 1, b: true, c: 2 }, d: false });
    expect(given).toEqual(input());
    const plain = { inner: { a: 1, b: true }, d: false };
    expect(readFields(pair, plain, 'it', 'PLAN_INVALID')).toBe(plain);
  });

  it('gives the value back', () => {
    const value = { name: 'Ada', age: 36, tags: ['a'], home: { town: 'London' }, marks: { x: true } };
    expect(readFields(person, value, 'it', 'PLAN_INVALID')).toEqual(value);
  });

  it('lists every fault at once: where, what was expected, what was found', () => {
    const value = {
      name: 'Ada Lovelace',
      age: -1,
      tags: ['a', 'long', 3],
      home: { floor: 'top', lift: true },
      marks: { X: 1 },
    };
    const found = [
      ['name', 'text of 1 to 5 characters', '"Ada Lovelace"'],
      ['age', 'a whole number from 0 to 150', '-1'],
      ['tags[1]', 'text of 1 to 3 characters', '"long"'],
      ['tags[2]', 'text of 1 to 3 characters', '3'],
      ['home.lift', 'no such field', '"lift"'],
      ['home.town', 'text of 1 to 9 characters', 'nothing'],
      ['home.floor', 'a whole number from 0 to 9', '"top"'],
      ['marks.X', 'a name that matches ^[a-z]+$', '"X"'],
      ['marks.X', 'true or false', '1'],
    ].map(([path, expected, found]) => ({ path, expected, found }));
    expect(() => readFields(person, value, 'people.json', 'PLAN_INVALID')).toThrow(
      expect.objectContaining({ code: 'PLAN_INVALID', details: { faults: found } }),
    );
    expect(() => readFields(person, value, 'people.json', 'PLAN_INVALID')).toThrow(
      /^people\.json: name: expected text of 1 to 5 characters, found "Ada Lovelace"; age: /,
    );
  });

  it('says something where there is nothing', () => {
    expect(() => readFields(person, null, 'it', 'PLAN_INVALID')).toThrow('it: it: expected an object, found null');
  });

  it('T2 does not take what an object inherits for its own', () => {
    const inherited: unknown = Object.create({ town: 'London' });
    expect(faultsOf(object({ town: text({ max: 9 }) }), inherited)).toHaveLength(1);
    expect(faultsOf(object({ toString: optional(text({ max: 9 })) }), {})).toEqual([]);
  });

  it('T2 knows __proto__ for a stranger', () => {
    const value: unknown = JSON.parse('{"__proto__":{"a":true}}');
    expect(faultsOf(object({ a: boolean }), value).map(({ path }) => path)).toEqual(['__proto__', 'a']);
    const map = readFields(mapOf(/^\w+$/, anyJson, 3), value, 'it', 'PLAN_INVALID');
    expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
    expect(Object.keys(map)).toEqual(['__proto__']);
  });
});

describe('T8 faults stay short', () => {
  it.each([
    ['text', 'x'.repeat(1e6)],
    ['a list', Array(1e5).fill('x')],
    ['an object', { x: 'x'.repeat(1e6) }],
    ['a number', 1e300],
    ['a large integer', 10n ** 40n],
    ['nothing', undefined],
    ['a symbol', Symbol('x'.repeat(1e6))],
    ['a function', () => 'x'.repeat(100)],
  ])('of %s', (_, value) => {
    expect(describeValue(value).length).toBeLessThanOrEqual(80);
  });

  it('also where a stranger chose the name', () => {
    const [fault] = faultsOf(object({}), { ['x'.repeat(1e6)]: 1 });
    expect(fault?.path.length).toBeLessThanOrEqual(80);
    expect(fault?.found.length).toBeLessThanOrEqual(80);
  });

  it('and never end in half a character', () => {
    for (const shift of ['', 'x']) {
      expect(describeValue(`${shift}${'😀'.repeat(100)}`)).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
    }
  });
});
