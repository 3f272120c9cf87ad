import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  errnoOf,
  makePrivateDirectory,
  PRIVATE_FILE,
  readFileBounded,
  storageError,
  writeFileAtomic,
} from './files.js';

/** 60 million ids. */
const MAX_BYTES = 1024 * 1024 * 1024;

/** A file of this machine's own that can be made again: 0600 in a folder 0700. */
export function createCacheFile(path: string) {
  return {
    read: async (): Promise<Uint8Array | null> => {
      const size = await sizeOf(path);
      return size === null ? null : readFileBounded(path, Math.min(size, MAX_BYTES));
    },
    write: async (bytes: Uint8Array): Promise<void> => {
      await makePrivateDirectory(dirname(path));
      await writeFileAtomic(path, bytes, PRIVATE_FILE);
    },
  };
}

/** So that no more is asked of memory than there is to read. */
async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw storageError(cause, 'read', path);
  }
}
