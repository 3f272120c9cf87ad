import { spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPassphraseFd } from '../../../src/lib/fs/passphrase-fd.js';
import { scratchFolder } from './scratch.js';

const folder = scratchFolder();
let count = 0;

async function readFrom(content: string | Buffer): Promise<Buffer> {
  const path = join(folder, `p${count++}`);
  writeFileSync(path, content);
  const fd = openSync(path, 'r');
  try {
    return await readPassphraseFd(fd);
  } finally {
    closeSync(fd);
  }
}

describe('readPassphraseFd', () => {
  it.each([
    ['word', 'word'],
    ['word\n', 'word'],
    ['word\n\n', 'word\n'],
    ['two words \n', 'two words '],
    ['x'.repeat(1024), 'x'.repeat(1024)],
    [`${'x'.repeat(1024)}\n`, 'x'.repeat(1024)],
  ])('%j', async (content, expected) => {
    expect((await readFrom(content)).toString()).toBe(expected);
  });

  it.each([
    ['', 'INPUT_MISSING'],
    ['\n', 'INPUT_MISSING'],
    ['x'.repeat(1025), 'USAGE'],
    [`${'x'.repeat(1025)}\n`, 'USAGE'],
    ['x'.repeat(5000), 'USAGE'],
  ])('refuses %#', async (content, code) => {
    const error = await readFrom(content).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code, exit: 2 });
    expect(JSON.stringify(error)).not.toContain('xxx');
  });

  it.each([-1, 1, 2, 1.5, Number.NaN])('%s is not a descriptor to read from', async (fd) => {
    await expect(readPassphraseFd(fd)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('a descriptor that is not open is USAGE', async () => {
    await expect(readPassphraseFd(999_999)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('waits for a slow writer on a pipe', async () => {
    const fifo = join(folder, 'fifo');
    const writer = spawn('sh', [
      '-c',
      `mkfifo '${fifo}' && echo made && { printf half; sleep 0.2; echo -way; } > '${fifo}'`,
    ]);
    await new Promise((resolve) => writer.stdout.once('data', resolve));
    const fd = openSync(fifo, 'r');
    try {
      expect((await readPassphraseFd(fd)).toString()).toBe('half-way');
    } finally {
      closeSync(fd);
    }
  });
});
