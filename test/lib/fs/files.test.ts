import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  assertOwn,
  createFileOnce,
  makePrivateDirectory,
  readFileBounded,
  storageError,
  writeFileAtomic,
} from '../../../src/lib/fs/files.js';
import { scratchFolder } from './scratch.js';

const folder = scratchFolder();
const at = (name: string) => join(folder, name);
const bytes = (text: string) => Buffer.from(text);
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('writeFileAtomic', () => {
  it('writes and replaces with exactly the mode, and leaves nothing else behind', async () => {
    mkdirSync(at('atomic'));
    await writeFileAtomic(at('atomic/a'), bytes('one'), 0o600);
    await writeFileAtomic(at('atomic/a'), bytes('two'), 0o644);
    expect(readFileSync(at('atomic/a'), 'utf8')).toBe('two');
    expect(modeOf(at('atomic/a'))).toBe('644');
    expect(readdirSync(at('atomic'))).toEqual(['a']);
  });

  it('has exactly the mode asked for, whatever the mask of the process', async () => {
    const mask = process.umask(0o077);
    try {
      await writeFileAtomic(at('masked'), bytes('x'), 0o644);
    } finally {
      process.umask(mask);
    }
    expect(modeOf(at('masked'))).toBe('644');
  });

  it('does not write through a symbolic link', async () => {
    writeFileSync(at('victim'), 'kept');
    symlinkSync(at('victim'), at('link'));
    await writeFileAtomic(at('link'), bytes('new'), 0o600);
    expect(readFileSync(at('victim'), 'utf8')).toBe('kept');
  });

  it('STORAGE (exit 5) with the path when the file system says no, and nothing is left', async () => {
    mkdirSync(at('taken/by/folder'), { recursive: true });
    await expect(writeFileAtomic(at('taken/by'), bytes('x'), 0o600)).rejects.toMatchObject({
      code: 'STORAGE',
      exit: 5,
      details: { path: at('taken/by') },
    });
    expect(readdirSync(at('taken'))).toEqual(['by']);
    await expect(writeFileAtomic(at('none/x'), bytes('x'), 0o600)).rejects.toMatchObject({
      details: { errno: 'ENOENT' },
    });
  });

  it('says what to do when the disk is full', () => {
    const error = storageError({ code: 'ENOSPC' }, 'write', '/x');
    expect(error).toMatchObject({ code: 'STORAGE', details: { errno: 'ENOSPC', path: '/x' } });
    expect(error.suggestions.join()).toContain('Free some space');
  });
});

describe('createFileOnce', () => {
  it('never replaces, also when many try at once', async () => {
    const tries = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((text) => createFileOnce(at('once'), bytes(text), 0o600)),
    );
    expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    for (const one of tries) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'CONFLICT' });
    expect(readdirSync(folder).filter((name) => name.includes('once'))).toEqual(['once']);
  });
});

describe('readFileBounded', () => {
  it('null for no file, the bytes up to the bound, LIMIT_EXCEEDED beyond it', async () => {
    writeFileSync(at('ten'), '0123456789');
    expect(await readFileBounded(at('no'), 10)).toBeNull();
    expect((await readFileBounded(at('ten'), 10))?.toString()).toBe('0123456789');
    await expect(readFileBounded(at('ten'), 9)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await expect(readFileBounded(folder, 9)).rejects.toMatchObject({ code: 'STORAGE' });
  });

  it('does not read a device for ever', async () => {
    await expect(readFileBounded('/dev/zero', 100)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});

describe('assertOwn and makePrivateDirectory', () => {
  it('makes folders 0700', async () => {
    await makePrivateDirectory(at('p/q'));
    expect([modeOf(at('p')), modeOf(at('p/q'))]).toEqual(['700', '700']);
  });

  it.each([
    [0o644, 0o077, false],
    [0o640, 0o077, false],
    [0o602, 0o022, false],
    [0o600, 0o077, true],
    [0o644, 0o022, true],
  ])('mode %o against %o', async (mode, forbidden, passes) => {
    const path = at(`mode-${mode.toString(8)}-${forbidden.toString(8)}`);
    writeFileSync(path, '');
    chmodSync(path, mode);
    const checked = assertOwn(path, forbidden, 'chmod 600');
    if (passes) await expect(checked).resolves.toBeUndefined();
    else await expect(checked).rejects.toMatchObject({ code: 'REFUSED', suggestions: [`chmod 600 ${path}`] });
  });

  it('refuses a symbolic link and a folder that others may write', async () => {
    mkdirSync(at('open'));
    chmodSync(at('open'), 0o777);
    symlinkSync(at('open'), at('to-open'));
    await expect(makePrivateDirectory(at('open'))).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(assertOwn(at('to-open'), 0, 'rm')).rejects.toThrow('symbolic link');
    await expect(assertOwn(at('nothing'), 0o077, 'rm')).resolves.toBeUndefined();
  });
});
