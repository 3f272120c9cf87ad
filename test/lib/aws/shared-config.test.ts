import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSharedConfig, readSharedConfig } from '../../../src/lib/aws/shared-config.js';
import { scratch, writeText } from './support.js';

interface Vector {
  readonly name: string;
  readonly input: string;
  readonly expect: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
const VECTORS = JSON.parse(
  readFileSync(new URL('../../vectors/aws/shared-config.json', import.meta.url), 'utf8'),
) as Vector[];
const folder = scratch();

describe('parseSharedConfig', () => {
  it.each(VECTORS)('$name', ({ input, expect: expected }) => {
    const found = [...parseSharedConfig(input)].map(([name, section]) => [name, [...section]]);
    expect(found).toEqual(Object.entries(expected).map(([name, section]) => [name, Object.entries(section)]));
  });

  it('any text gives sections', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('[', ']', '=', '\n', ' ', '#', 'a', '"', '\r', '.') }), (text) => {
        expect(parseSharedConfig(text)).toBeInstanceOf(Map);
      }),
    );
  });
});

describe('readSharedConfig', () => {
  it('reads the config file before the credentials file', async () => {
    const AWS_CONFIG_FILE = writeText(folder, 'config', '[default]\nregion=a\n[profile p]\nregion=b\n');
    const AWS_SHARED_CREDENTIALS_FILE = writeText(folder, 'credentials', '[p]\nregion=c\noutput=d\n');
    const config = await readSharedConfig({ AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE });
    expect(['region', 'output', 'none'].map((name) => config.setting('p', name))).toEqual(['b', 'd', undefined]);
    expect(config.setting('default', 'region')).toBe('a');
  });

  it('files that are not there are empty; ~ is HOME', async () => {
    writeText(folder, 'mine', '[default]\nregion=x\n');
    expect((await readSharedConfig({ HOME: '/nonexistent' })).setting('default', 'region')).toBeUndefined();
    const config = await readSharedConfig({ HOME: folder, AWS_CONFIG_FILE: '~/mine' });
    expect(config.setting('default', 'region')).toBe('x');
  });

  it('a folder is STORAGE, a giant is USAGE', async () => {
    await expect(readSharedConfig({ AWS_CONFIG_FILE: folder })).rejects.toMatchObject({ code: 'STORAGE' });
    const AWS_CONFIG_FILE = writeText(folder, 'giant', 'x'.repeat(1024 * 1024 + 1));
    await expect(readSharedConfig({ AWS_CONFIG_FILE })).rejects.toMatchObject({ code: 'USAGE' });
  });
});
