import chalk from 'chalk';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeBlock, pairs, table, wrap } from '../../../src/lib/cli/render.js';
import { stateCell } from '../../../src/lib/cli/request-screen.js';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const HOSTILE = '\u001b[31mred\u001b[0m';
const before = chalk.level;

beforeEach(() => {
  chalk.level = 0;
});
afterEach(() => {
  chalk.level = before;
});

const longest = (text: string) => Math.max(...text.split('\n').map((line) => line.length));

describe('layout', () => {
  it('aligns values and goes on below their first line', () => {
    const text = pairs([
      ['a', 'one'],
      ['longer', 'word '.repeat(20).trim()],
    ]);
    expect(text.split('\n').map((line) => line.slice(0, 10))).toEqual(['a       on', 'longer  wo', '        wo']);
    expect(longest(text)).toBeLessThanOrEqual(80);
  });

  it('a digest that does not fit beside its label stands whole below it', () => {
    expect(pairs([['approve by', DIGEST]])).toBe(`approve by\n  ${DIGEST}`);
    expect(pairs([['digest', DIGEST]])).toBe(`digest  ${DIGEST}`);
  });

  it('the last column goes on below itself', () => {
    const text = table(['id', 'what'], [['x', 'word '.repeat(30).trim()]]);
    expect(longest(text)).toBeLessThanOrEqual(80);
    expect(text.split('\n')[2]).toMatch(/^ {4}word/);
  });

  it('rows have as many lines as they need and no trailing space', () => {
    expect(table(['id', 'what', ''], [['x', 'y', '']])).toBe('id  what\nx   y');
  });

  it('no line is longer than 80 as long as no word is, wherever text stands', () => {
    const word = fc.stringMatching(/^[a-z]{1,60}$/);
    const text = fc.array(word, { minLength: 1, maxLength: 40 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(text, text, fc.integer({ min: 0, max: 17 }), (one, other, indent) => {
        expect(longest(`${' '.repeat(indent)}${wrap(one, indent)}`)).toBeLessThanOrEqual(80);
        expect(longest(pairs([['label', one]]))).toBeLessThanOrEqual(80);
        expect(longest(changeBlock('what', one, other))).toBeLessThanOrEqual(80);
        expect(longest(table(['id', 'what'], [['r-abcdefghij', one]]))).toBeLessThanOrEqual(80);
      }),
    );
  });
});

describe('colours', () => {
  beforeEach(() => {
    chalk.level = 1;
  });

  it("T8 ours reach the terminal, others' do not", () => {
    const rows = [[stateCell('pending'), HOSTILE]];
    for (const text of [
      table(['state', 'why'], rows),
      pairs([
        ['state', stateCell('pending')],
        ['why', HOSTILE],
      ]),
    ]) {
      expect(text).toContain('\u001b[33mpending\u001b[39m');
      expect(text).toContain('\\u{1b}[31mred');
      expect(text).not.toContain('\u001b[31m');
    }
  });

  it('columns are as wide as without', () => {
    const text = table(
      ['state', 'id'],
      [
        [stateCell('pending'), 'x'],
        [stateCell('executed'), 'y'],
      ],
    );
    chalk.level = 0;
    const bare = table(
      ['state', 'id'],
      [
        [stateCell('pending'), 'x'],
        [stateCell('executed'), 'y'],
      ],
    );
    expect(text.replace(/\u001b\[\d+m/g, '')).toBe(bare);
  });
});
