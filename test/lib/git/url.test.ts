import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseRemoteUrl } from '../../../src/lib/git/url.js';

interface Vector {
  readonly name: string;
  readonly why: string;
  readonly input: string;
  readonly expect: { readonly text: string; readonly path: string | null } | { readonly error: string };
}

const vectors = JSON.parse(readFileSync('test/vectors/git/remote-urls.json', 'utf8')) as Vector[];

describe('T34 addresses of remotes', () => {
  test.each(vectors)('$name', ({ input, expect: expected }) => {
    if ('error' in expected) {
      expect(() => parseRemoteUrl(input)).toThrow(expect.objectContaining({ code: expected.error }));
    } else expect(parseRemoteUrl(input)).toEqual(expected);
  });

  test('a relative folder is made absolute, so that it means the same from anywhere', () => {
    expect(parseRemoteUrl('../origin.git')).toEqual({ text: resolve('../origin.git'), path: resolve('../origin.git') });
    expect(parseRemoteUrl('./a:b')).toEqual({ text: resolve('a:b'), path: resolve('a:b') });
  });

  test('T46 a password in a refused address is not shown', () => {
    expect(() => parseRemoteUrl('https://ada:secret@host/x')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});
