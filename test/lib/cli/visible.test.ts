import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visible, visibleJson } from '../../../src/lib/cli/visible.js';

/** What moves, hides, reorders or rings: C0, C1, bidi, zero width, tags, line separators, soft hyphen, BOM. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u115f\u3164]|\u034f|\ufe0f/u;

describe('T8 text of others', () => {
  it.each([
    ['ESC', '\u001b[2J', '\\u{1b}[2J'],
    ['C1 CSI', '\u009b31m', '\\u{9b}31m'],
    [
      'OSC 8 link',
      '\u001b]8;;http://evil\u0007text\u001b]8;;\u0007',
      '\\u{1b}]8;;http://evil\\u{7}text\\u{1b}]8;;\\u{7}',
    ],
    ['OSC 52 clipboard', '\u001b]52;c;cm0=\u001b\\', '\\u{1b}]52;c;cm0=\\u{1b}\\'],
    ['bidi override', 'a\u202eb', 'a\\u{202e}b'],
    ['zero width', 'a\u200b\u200d\ufeffb', 'a\\u{200b}\\u{200d}\\u{feff}b'],
    ['line break', 'a\r\nb', 'a\\u{d}\\u{a}b'],
    ['tag characters', '\u{e0041}', '\\u{e0041}'],
    ['lone surrogate', '\ud800', '\\u{d800}'],
    ['Hangul filler', '\u3164', '\\u{3164}'],
  ])('%s becomes visible', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it.each(['Zoë Ångström', '東京', 'עברית', 'naïve — “quoted” ✓'])('letters of every script stay: %s', (text) => {
    expect(visible(text)).toBe(text);
  });

  it('a megabyte is cut, and it says so', () => {
    const shown = visible('x'.repeat(1_000_000));
    expect(shown.length).toBeLessThan(600);
    expect(shown).toContain('1000000 characters');
  });

  it('JSON keeps the value and shows nothing raw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
        const shown = visibleJson({ value, text });
        expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify({ value, text })));
        expect(shown.replaceAll('\n', '')).not.toMatch(UNSAFE);
      }),
    );
  });

  it('any text is shown without anything raw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 700 }), (text) => {
        expect(visible(text)).not.toMatch(UNSAFE);
      }),
    );
  });
});
