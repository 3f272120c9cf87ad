import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CustodyError } from '../base/errors.js';
import { readFileBounded } from './files.js';

const MAX_BYTES = 4 * 1024 * 1024;
/** From a file of the program up to its package: dist/chunks, dist/commands/ledger, src/lib/fs, build/lib/fs. */
const MOST_LEVELS = 5;

/**
 * A file of the package's folder `policies`, found from where the program lies.
 * @throws CustodyError GUARD_BROKEN where the package is not whole
 */
export async function readPolicyFile(name: string): Promise<Buffer<ArrayBuffer>> {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let level = 0; level < MOST_LEVELS; level++) {
    const bytes = await readFileBounded(join(folder, 'policies', name), MAX_BYTES);
    // A buffer of its own: pooled memory would be shared.
    if (bytes !== null) return Buffer.from(new Uint8Array(bytes).buffer);
    folder = dirname(folder);
  }
  throw new CustodyError('GUARD_BROKEN', `the package lacks policies/${name}`, {
    suggestions: ['Install custody anew.'],
  });
}
