import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { parseJson } from '../../../src/lib/base/canonical-json.js';
import { keyDirectory, stateDirectory } from '../../../src/lib/fs/places.js';
import { openJsonFile } from '../../../src/lib/fs/state.js';
import { scratchFolder } from './scratch.js';

const folder = scratchFolder();
const genesis = digestOf('genesis');

const open = (path: string) =>
  openJsonFile(
    path,
    (bytes) => Number(parseJson(bytes, 'memory')),
    (value: number) => Buffer.from(String(value)),
  );

describe('places', () => {
  it('follow XDG, then HOME, and never a relative path', () => {
    const name = genesis.slice(7, 39);
    expect(stateDirectory({ XDG_STATE_HOME: '/s', HOME: '/h' }, genesis)).toBe(`/s/custody/${name}`);
    expect(stateDirectory({ XDG_STATE_HOME: 'here', HOME: '/h' }, genesis)).toBe(`/h/.local/state/custody/${name}`);
    expect(keyDirectory({ HOME: '/h' })).toBe('/h/.config/custody/keys');
    expect(keyDirectory({ XDG_CONFIG_HOME: '/c' })).toBe('/c/custody/keys');
    expect(keyDirectory({ HOME: '.' })).toBe(join(homedir(), '.config/custody/keys'));
  });
});

describe('openJsonFile', () => {
  it('null, then what was written; 0600 in 0700; only the file stays', async () => {
    const path = join(stateDirectory({ XDG_STATE_HOME: folder }, genesis), 'memory.json');
    const file = open(path);
    expect(await file.read()).toBeNull();
    await file.write(7);
    expect(await open(path).read()).toBe(7);
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    expect((statSync(join(path, '..')).mode & 0o777).toString(8)).toBe('700');
    expect(readdirSync(join(path, '..'))).toEqual(['memory.json']);
  });

  it('loses no update when many happen at once', async () => {
    const path = join(folder, 'many/memory.json');
    await Promise.all(Array.from({ length: 15 }, () => open(path).update((value) => (value ?? 0) + 1)));
    expect(await open(path).read()).toBe(15);
  });

  it('a change that throws leaves the old value', async () => {
    const file = open(join(folder, 'throws/memory.json'));
    await file.write(1);
    await expect(
      file.update(() => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await file.read()).toBe(1);
  });

  it('T24 a memory that others can write is refused, not believed', async () => {
    const path = join(folder, 'loose/memory.json');
    await open(path).write(1);
    chmodSync(path, 0o666);
    await expect(open(path).read()).rejects.toMatchObject({ code: 'REFUSED' });
    chmodSync(path, 0o600);
    chmodSync(join(path, '..'), 0o777);
    await expect(open(path).read()).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(open(path).write(2)).rejects.toMatchObject({ code: 'REFUSED' });
  });

  it('a damaged file is what parse says, never null', async () => {
    const path = join(folder, 'damaged/memory.json');
    await open(path).write(1);
    writeFileSync(path, '{');
    await expect(open(path).read()).rejects.toMatchObject({ code: 'RECORD_MALFORMED' });
  });
});
