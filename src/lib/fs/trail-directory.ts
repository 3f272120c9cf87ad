import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { CustodyError } from '../base/errors.js';
import type { TrailFile, TrailFiles } from '../trail/files.js';
import { errnoOf, readFileBounded, storageError } from './files.js';

/** As they are stored, packed. */
const MAX_STORED_BYTES = 64 * 1024 * 1024;
const HEX = /^(?:[0-9a-f]{2}){1,1024}$/;

/**
 * Files of CloudTrail in a folder, copied from a bucket with the folders in which they lay. The metadata of an object stays
 * behind when it is copied: the signature of a digest can lie beside it as `<name>.signature`, in hex.
 */
export function createTrailDirectory(dir: string): TrailFiles {
  return {
    list: () => filesIn(dir),
    read: async ({ name }) => {
      const bytes = await readFileBounded(name, MAX_STORED_BYTES);
      if (bytes === null) return null;
      return { bytes, signatureHex: await signatureOf(name), backfillAt: null };
    },
    placeOf: (_, object) => fromLogs(object),
  };
}

/** A copy knows neither its bucket nor a prefix: places begin at `AWSLogs/`. */
function fromLogs(path: string): string {
  const at = path.indexOf('AWSLogs/');
  return at < 0 ? path : path.slice(at);
}

/** Folder by folder, in the order of names. Links are not followed: they could lead in circles. */
async function* filesIn(dir: string, from = dir): AsyncGenerator<TrailFile> {
  const found = await readdir(from, { withFileTypes: true }).catch((cause: unknown) => {
    if (errnoOf(cause) === 'ENOENT') throw new CustodyError('NOT_FOUND', `there is no folder ${from}`);
    throw storageError(cause, 'read', from);
  });
  for (const entry of found.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const path = join(from, entry.name);
    if (entry.isDirectory()) yield* filesIn(dir, path);
    else if (entry.isFile()) yield { name: path, place: fromLogs(relative(dir, path).split(sep).join('/')) };
  }
}

async function signatureOf(path: string): Promise<string | null> {
  if (!path.includes('CloudTrail-Digest')) return null;
  const text = (await readFileBounded(`${path}.signature`, 4096))?.toString('latin1').trim().toLowerCase();
  return text !== undefined && HEX.test(text) ? text : null;
}
