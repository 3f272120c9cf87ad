import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTrailDirectory } from '../../../src/lib/fs/trail-directory.js';
import type { TrailFile } from '../../../src/lib/trail/files.js';
import { scratchFolder } from './scratch.js';

const root = scratchFolder();
const LOG = 'AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/02/log.json.gz';
const DIGEST = 'AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/2026/03/02/digest.json.gz';
let dir: string;
let number = 0;
beforeEach(() => {
  dir = join(root, String(number++));
  mkdirSync(dir);
});

function put(path: string, content: string): void {
  const file = join(dir, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

async function list(from = dir): Promise<readonly TrailFile[]> {
  const found: TrailFile[] = [];
  for await (const file of createTrailDirectory(from).list(null)) found.push(file);
  return found;
}
const read = (path: string) => {
  const file = join(dir, path);
  return createTrailDirectory(dir).read({ name: file, place: path });
};

describe('a folder of files of CloudTrail', () => {
  it('has each at its place in the bucket, whatever lies above AWSLogs', async () => {
    put(`copy/of/it/${LOG}`, 'x');
    put(DIGEST, 'y');
    expect(await list()).toEqual([
      { name: join(dir, DIGEST), place: DIGEST },
      { name: join(dir, 'copy/of/it', LOG), place: LOG },
    ]);
    expect(createTrailDirectory(dir).placeOf('bucket', `prefix/${LOG}`)).toBe(LOG);
    expect(createTrailDirectory(dir).placeOf('bucket', 'elsewhere/log.json.gz')).toBe('elsewhere/log.json.gz');
  });

  it('follows no link: it could lead in circles, or out of the folder', async () => {
    put(LOG, 'x');
    symlinkSync(dir, join(dir, 'round'));
    symlinkSync(join(dir, LOG), join(dir, 'forged.json'));
    expect((await list()).map(({ place }) => place)).toEqual([LOG]);
  });

  it('gives a digest the signature that lies beside it, and a log file none', async () => {
    put(DIGEST, 'digest');
    put(`${DIGEST}.signature`, ' ABCD12\n');
    put(LOG, 'log');
    put(`${LOG}.signature`, 'abcd');
    expect(await read(DIGEST)).toEqual({ bytes: Buffer.from('digest'), signatureHex: 'abcd12', backfillAt: null });
    expect(await read(LOG)).toMatchObject({ signatureHex: null });
  });

  it.each(['', 'abc', 'no hex', `${'ab'.repeat(1025)}`])('takes %j for no signature', async (signature) => {
    put(DIGEST, 'digest');
    put(`${DIGEST}.signature`, signature);
    expect(await read(DIGEST)).toMatchObject({ signatureHex: null });
  });

  it('says null of a file that is gone since, and refuses a folder that is none', async () => {
    put(LOG, 'x');
    rmSync(join(dir, LOG));
    expect(await read(LOG)).toBeNull();
    await expect(list(join(dir, 'nowhere'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    put('file', 'x');
    await expect(list(join(dir, 'file'))).rejects.toMatchObject({ code: 'STORAGE' });
  });
});
