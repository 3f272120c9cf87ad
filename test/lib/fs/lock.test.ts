import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { withLock } from '../../../src/lib/fs/lock.js';
import { scratchFolder } from './scratch.js';

const folder = scratchFolder();
const at = (name: string) => join(folder, name);
const dead = () => spawnSync(process.execPath, ['-e', '']).pid;

/** Many at once, each reading, pausing and writing a counter: lost updates show as a lower count. */
async function countUnderLock(lock: string, times: number): Promise<number> {
  let counter = 0;
  await Promise.all(
    Array.from({ length: times }, () =>
      withLock(lock, async () => {
        const seen = counter;
        await wait(1);
        counter = seen + 1;
      }),
    ),
  );
  return counter;
}

describe('withLock', () => {
  it('lets one work at a time and leaves no file', async () => {
    expect(await countUnderLock(at('a'), 12)).toBe(12);
    expect(readdirSync(folder).filter((name) => name.startsWith('a'))).toEqual([]);
  });

  it('takes over the lock of a dead process, once', async () => {
    writeFileSync(at('stale'), JSON.stringify({ pid: dead(), started: null, token: 'x' }));
    expect(await countUnderLock(at('stale'), 12)).toBe(12);
    expect(existsSync(at('stale'))).toBe(false);
  });

  it('takes over when the number lives on as another process', async () => {
    writeFileSync(at('reused'), JSON.stringify({ pid: process.pid, started: '1', token: 'x' }));
    expect(await withLock(at('reused'), async () => 'done', { timeoutMillis: 0 })).toBe('done');
  });

  it('takes over a lock that names nobody', async () => {
    writeFileSync(at('garbage'), 'x');
    expect(await withLock(at('garbage'), async () => 'done')).toBe('done');
  });

  it('survives a breaker that died', async () => {
    writeFileSync(at('broken'), JSON.stringify({ pid: dead(), started: null, token: 'x' }));
    writeFileSync(at('broken.break'), '1');
    utimesSync(at('broken.break'), 1, 1);
    expect(await withLock(at('broken'), async () => 'done')).toBe('done');
  });

  it('LOCKED (exit 6) after the timeout, and the holder is left alone', async () => {
    await withLock(at('held'), async () => {
      const second = withLock(at('held'), async () => 'never', { timeoutMillis: 60 });
      await expect(second).rejects.toMatchObject({ code: 'LOCKED', exit: 6, details: { pid: process.pid } });
      expect(JSON.parse(readFileSync(at('held'), 'utf8'))).toMatchObject({ pid: process.pid });
    });
  });

  it('is released when the work throws', async () => {
    await expect(withLock(at('t'), () => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(existsSync(at('t'))).toBe(false);
  });

  it('STORAGE when there is no such folder', async () => {
    await expect(withLock(at('no/such'), async () => 1)).rejects.toMatchObject({ code: 'STORAGE' });
  });
});
