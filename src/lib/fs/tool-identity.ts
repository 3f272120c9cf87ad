import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../base/bytes.js';
import { storageError } from './files.js';

/** What a program says of itself in each record: two custodians can compare the digest (T62). */
export interface ToolFacts {
  readonly name: string;
  readonly version: string;
  readonly digest: Digest;
}

/**
 * SHA-256 over the program's own files: for each path below `bin`, `dist` and `package.json`, in order, the path, the
 * length and the bytes. Dependencies are pinned by the lock file and are not among them.
 * @throws CustodyError STORAGE
 */
export async function toolIdentity(root: string, version: string): Promise<ToolFacts> {
  const hash = createHash('sha256');
  for (const path of await programFiles(root)) {
    const bytes = await readFile(join(root, path)).catch((cause) => {
      throw storageError(cause, 'read', path);
    });
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return { name: 'custody', version, digest: `sha256:${hash.digest('hex')}` };
}

async function programFiles(root: string): Promise<readonly string[]> {
  const found = ['package.json'];
  for (const folder of ['bin', 'dist']) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name).slice(root.length + 1);
      if (entry.isFile() && /\.js(on)?$/.test(entry.name)) found.push(path.replaceAll('\\', '/'));
    }
  }
  return found.sort();
}
