import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readMaterialFd } from '../../../src/lib/fs/material-fd.js';
import { scratchFolder } from './scratch.js';

const folder = scratchFolder();

async function readFrom(content: Buffer): Promise<Buffer> {
  const path = join(folder, randomBytes(8).toString('hex'));
  writeFileSync(path, content);
  const fd = openSync(path, 'r');
  try {
    return await readMaterialFd(fd);
  } finally {
    closeSync(fd);
  }
}

describe('readMaterialFd', () => {
  it('reads raw bytes, a newline or a zero like any other', async () => {
    for (const last of [0x00, 0x0a, 0x0d, 0xff]) {
      const bytes = Buffer.concat([randomBytes(31), Buffer.from([last])]);
      expect(await readFrom(bytes)).toEqual(bytes);
    }
  });

  it('what is too long stays too long, what is too short too short', async () => {
    expect(await readFrom(randomBytes(33))).toHaveLength(33);
    expect(await readFrom(randomBytes(5000))).toHaveLength(33);
    expect(await readFrom(Buffer.alloc(0))).toHaveLength(0);
  });

  it.each([-1, 1, 2, 1.5, 999_999])('%s is no descriptor to read from', async (fd) => {
    await expect(readMaterialFd(fd)).rejects.toMatchObject({ code: 'USAGE', exit: 2 });
  });
});
