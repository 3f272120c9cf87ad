import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CustodyError } from '../base/errors.js';
import { unpack } from '../ingest/unpack.js';
import { emptyTrail, type FileTrail } from '../inspect/reconcile/gather.js';
import { MAX_DOCUMENT_BYTES, readRecords } from '../trail/records.js';
import { readGiven } from './draft.js';
import { addFile } from './trail-bucket.js';

const LOG_FILE = /\.json(?:\.gz)?$/;
/** Beside its log files CloudTrail writes digests of them, which hold no events. */
const DIGESTS = /(?:^|[/\\])CloudTrail-Digest[/\\]/;

/**
 * What CloudTrail files say: each path a file, or a folder of log files at any depth, as they lie in the bucket.
 * @throws CustodyError NOT_FOUND, LIMIT_EXCEEDED, RECORD_MALFORMED
 */
export async function readTrailFiles(paths: readonly string[], tell: (text: string) => void): Promise<FileTrail> {
  const trail = emptyTrail();
  const files = (await Promise.all(paths.map(filesAt))).flat();
  if (files.length === 0) throw new CustodyError('NOT_FOUND', `no log file of CloudTrail in ${paths.join(', ')}`);
  for (const [at, file] of files.entries()) {
    if (at % 100 === 99) tell(`${at + 1} of ${files.length} files`);
    addFile(trail, file, await contentOf(file));
  }
  return trail;
}

/** The records as they are, file by file, for who reads more of them than an event has. */
export async function* readRecordFiles(
  paths: readonly string[],
): AsyncGenerator<{ readonly file: string; readonly records: readonly unknown[] }> {
  for (const path of paths) {
    const files = await filesAt(path);
    if (files.length === 0) throw new CustodyError('NOT_FOUND', `no log file of CloudTrail in ${path}`);
    for (const file of files) {
      const { records, refused } = readRecords(await contentOf(file), file);
      yield { file, records: [...records.map(({ record }) => record), ...refused.map(() => undefined)] };
    }
  }
}

async function filesAt(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw new CustodyError('NOT_FOUND', `there is no file ${path}`);
  if (!found.isDirectory()) return [path];
  const names = await readdir(path, { recursive: true });
  return names
    .filter((name) => LOG_FILE.test(name) && !DIGESTS.test(name))
    .sort()
    .map((name) => join(path, name));
}

/** @throws CustodyError RECORD_MALFORMED for what is not packed as its first bytes say, or too large unpacked */
async function contentOf(path: string): Promise<Uint8Array> {
  return unpack(await readGiven(path, MAX_DOCUMENT_BYTES), path, MAX_DOCUMENT_BYTES);
}
