import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { readTrailFiles } from '../../../src/lib/cli/trail-files.js';

const folder = mkdtempSync(join(tmpdir(), 'custody-trail-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const code = (expected: string) => expect.objectContaining({ code: expected });
const quiet = () => undefined;
const record = (eventID: string, eventName = 'DisableKey') => ({
  eventID,
  eventName,
  eventTime: '2026-03-02T12:00:00Z',
  eventSource: 'kms.amazonaws.com',
  awsRegion: 'eu-central-1',
  readOnly: eventName === 'Decrypt',
});
const log = (...records: unknown[]) => Buffer.from(JSON.stringify({ Records: records }));

function put(path: string, bytes: Uint8Array): string {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, bytes);
  return file;
}

async function idsIn(...paths: string[]): Promise<readonly string[]> {
  return (await readTrailFiles(paths, quiet)).events.map(({ id }) => id).sort();
}

describe('files of CloudTrail', () => {
  it('are read packed or not, one by one or a bucket’s whole folder, without the digests', async () => {
    const day = 'bucket/AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/02';
    const plain = put('plain.json', log(record('a')));
    put(`${day}/one.json.gz`, gzipSync(log(record('b'), record('c', 'Decrypt'))));
    put(`${day}/two.json`, log(record('d')));
    put('bucket/AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/x.json.gz', gzipSync(Buffer.from('{"digest":1}')));
    put('bucket/README.txt', Buffer.from('not a log'));
    expect(await idsIn(plain, join(folder, 'bucket'))).toEqual(['a', 'b', 'd']);
  });

  it('say what of them is not readable', async () => {
    const file = put('broken.json', log(record('a'), { eventID: 'b' }));
    expect((await readTrailFiles([file], quiet)).unreadable).toEqual([`${file}: records 2 are not readable`]);
  });

  it.each<[why: string, expected: string, path: () => string]>([
    ['that is not there', 'NOT_FOUND', () => join(folder, 'none.json')],
    ['in a folder without one', 'NOT_FOUND', () => join(put('empty/note.txt', Buffer.from('x')), '..')],
    [
      'that is packed and cut off',
      'RECORD_MALFORMED',
      () => put('cut.json.gz', gzipSync(log(record('a'))).subarray(0, 40)),
    ],
    ['that is no CloudTrail', 'RECORD_MALFORMED', () => put('other.json', Buffer.from('{"a":1}'))],
    ['that is no JSON', 'RECORD_MALFORMED', () => put('text.json', Buffer.from('hello'))],
  ])('are refused: one %s', async (_, expected, path) => {
    await expect(readTrailFiles([path()], quiet)).rejects.toEqual(code(expected));
  });
});
