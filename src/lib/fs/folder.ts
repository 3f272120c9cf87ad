import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CustodyError } from '../base/errors.js';
import { errnoOf, readFileBounded, storageError, writeFileAtomic } from './files.js';

/** The draft that a custodian edits; what is in force is in the repository. */
export const DRAFT_NAME = 'custody.yaml';

/** Beside the draft: the Sigstore trusted root that the plan pins by its digest. */
export const TRUSTED_ROOT_NAME = 'trusted_root.json';

/** Beside both: where the public-good instance is today, as its TUF repository said with that trusted root. */
export const SIGNING_CONFIG_NAME = 'signing_config.json';

const MAX_DRAFT_BYTES = 1024 * 1024;

/** The nearest folder from `start` upwards that holds `custody.yaml`; null when none does. */
export async function findFolder(start: string): Promise<string | null> {
  let folder = resolve(start);
  for (;;) {
    if (await isFile(join(folder, DRAFT_NAME))) return folder;
    const parent = dirname(folder);
    if (parent === folder) return null;
    folder = parent;
  }
}

/** The folder given, or the nearest one. @throws CustodyError REPOSITORY_NOT_FOUND */
export async function requireFolder(given: string | undefined, start: string): Promise<string> {
  const found = given === undefined ? await findFolder(start) : await folderGiven(resolve(start, given));
  if (found !== null) return found;
  throw new CustodyError('REPOSITORY_NOT_FOUND', `no ${DRAFT_NAME} in ${given ?? `${resolve(start)} or above it`}`, {
    details: { searched: resolve(start, given ?? '.') },
    suggestions: ['Give the folder with --repo or CUSTODY_REPO, or make one with `custody init` or `custody join`.'],
  });
}

async function folderGiven(folder: string): Promise<string | null> {
  return (await isFile(join(folder, DRAFT_NAME))) ? folder : null;
}

/** The draft's bytes; null when there is none. @throws CustodyError STORAGE, LIMIT_EXCEEDED (1 MiB) */
export function readDraft(folder: string): Promise<Buffer | null> {
  return readFileBounded(join(folder, DRAFT_NAME), MAX_DRAFT_BYTES);
}

/** Replaces the draft whole. @throws CustodyError STORAGE */
export function writeDraft(folder: string, text: string): Promise<void> {
  return writeFileAtomic(join(folder, DRAFT_NAME), Buffer.from(text, 'utf8'), 0o644);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(cause))) return false;
    throw storageError(cause, 'read', path);
  }
}
