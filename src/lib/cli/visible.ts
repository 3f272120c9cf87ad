/**
 * Text of others made safe to look at: whatever could move a cursor, hide, reorder or ring becomes a visible escape
 * (T8). Letters of every script stay as they are.
 */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u00a0\u2000-\u200a\u202f\u205f\u3000]/gu;

function escapeOne(match: string): string {
  return [...match].map((char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`).join('');
}

export function visible(text: string, maxLength = 500): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}… (${text.length} characters)` : text;
  return cut.replaceAll(UNSAFE, escapeOne);
}

/** JSON in which the same characters are `\uXXXX` escapes: the value is unchanged, the terminal safe. */
export function visibleJson(value: unknown): string {
  return escaped(JSON.stringify(value, null, 2));
}

/** The same on one line. */
export function visibleJsonLine(value: unknown): string {
  return escaped(JSON.stringify(value));
}

function escaped(text: string): string {
  return text.replaceAll(UNSAFE, (match) =>
    match === '\n'
      ? match
      : [...Array(match.length).keys()]
          .map((at) => `\\u${match.charCodeAt(at).toString(16).padStart(4, '0')}`)
          .join(''),
  );
}
