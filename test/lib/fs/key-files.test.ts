import { chmodSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/base/bytes.js';
import { keyFilePath, readKeyFile, writeKeyFile } from '../../../src/lib/fs/key-files.js';
import { scratchFolder } from './scratch.js';

const folder = scratchFolder();
const home = (name: string) => ({ XDG_CONFIG_HOME: join(folder, name) });
const id = digestOf('key');
const bytes = Buffer.from('sealed');

describe('key files', () => {
  it('null, then what was written, 0600 in 0700', async () => {
    const environment = home('a');
    expect(await readKeyFile(environment, id)).toBeNull();
    const path = await writeKeyFile(environment, id, bytes);
    expect(path).toBe(join(folder, 'a/custody/keys', `${id.slice(7, 39)}.key.json`));
    expect(await readKeyFile(environment, id)).toEqual(bytes);
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    expect((statSync(join(path, '..')).mode & 0o777).toString(8)).toBe('700');
  });

  it('is never overwritten: that would destroy the key', async () => {
    await writeKeyFile(home('b'), id, bytes);
    await expect(writeKeyFile(home('b'), id, Buffer.from('other'))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await readKeyFile(home('b'), id)).toEqual(bytes);
  });

  it.each([0o640, 0o604, 0o620, 0o660])('mode %o is refused', async (mode) => {
    const environment = home(`mode-${mode}`);
    chmodSync(await writeKeyFile(environment, id, bytes), mode);
    await expect(readKeyFile(environment, id)).rejects.toMatchObject({ code: 'REFUSED', exit: 3 });
  });

  it('a symbolic link is refused', async () => {
    const real = await writeKeyFile(home('c'), id, bytes);
    const other = digestOf('other');
    symlinkSync(real, keyFilePath(home('c'), other));
    await expect(readKeyFile(home('c'), other)).rejects.toMatchObject({ code: 'REFUSED' });
  });
});
