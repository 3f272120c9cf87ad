import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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
 * length and the bytes. The packages that the program uses are bundled into `dist`, so they count, too; only the
 * framework's plugins for help and completion do not. Read at once, since only what signs asks for it.
 * @throws CustodyError STORAGE
 */
export function toolIdentity(root: string, version: string): ToolFacts {
  const hash = createHash('sha256');
  for (const path of programFiles(root)) {
    const bytes = readProgram(join(root, path));
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return { name: 'custody', version, digest: `sha256:${hash.digest('hex')}` };
}

function readProgram(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw storageError(cause, 'read', path);
  }
}

function programFiles(root: string): readonly string[] {
  const found = ['package.json'];
  for (const folder of ['bin', 'dist']) {
    const at = join(root, folder);
    if (!existsSync(at)) continue;
    for (const name of readdirSync(at, { recursive: true, encoding: 'utf8' })) {
      if (/\.js(on)?$/.test(name)) found.push(`${folder}/${name.replaceAll('\\', '/')}`);
    }
  }
  return found.sort();
}
