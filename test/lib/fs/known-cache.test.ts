import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCacheFile } from '../../../src/lib/fs/known-cache.js';
import { scratchFolder } from './scratch.js';

const dir = scratchFolder();
const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('the file of ids that a machine keeps', () => {
  it('is nothing before it was written, then what was written last, for its owner alone', async () => {
    const path = join(dir, 'state', 'ingested');
    const cache = createCacheFile(path);
    expect(await cache.read()).toBeNull();
    await cache.write(Buffer.from('one'));
    await cache.write(Buffer.from(''));
    await cache.write(Buffer.from('another'));
    expect(Buffer.from((await cache.read()) ?? []).toString()).toBe('another');
    expect([modeOf(path), modeOf(join(dir, 'state'))]).toEqual([0o600, 0o700]);
  });

  it('in a place where no file can be is an error of storage, not a bug', async () => {
    writeFileSync(join(dir, 'file'), 'x');
    const under = createCacheFile(join(dir, 'file', 'ingested'));
    await expect(under.read()).rejects.toMatchObject({ code: 'STORAGE' });
    await expect(under.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'STORAGE' });
    mkdirSync(join(dir, 'folder', 'ingested'), { recursive: true });
    const folder = createCacheFile(join(dir, 'folder', 'ingested'));
    await expect(folder.read()).rejects.toMatchObject({ code: 'STORAGE' });
    await expect(folder.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'STORAGE' });
  });

  it('writes no file that a link points to', async () => {
    const [target, link] = [join(dir, 'target'), join(dir, 'link')];
    writeFileSync(target, 'kept');
    symlinkSync(target, link);
    await createCacheFile(link).write(Buffer.from('new'));
    expect(statSync(target).size).toBe(4);
  });
});
