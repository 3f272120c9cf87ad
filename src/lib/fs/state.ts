import { dirname } from 'node:path';
import { assertOwn, makePrivateDirectory, PRIVATE_FILE, readFileBounded, writeFileAtomic } from './files.js';
import { type LockOptions, withLock } from './lock.js';

/** One value kept in one file of this machine's own. */
export interface JsonFile<T> {
  /** The value; null when there is no file. */
  read(): Promise<T | null>;
  /** Replaces the value; a crash leaves the old one or the new. */
  write(value: T): Promise<void>;
  /** Reads, changes and writes while no other process can: use it where the new value depends on the old. */
  update(change: (value: T | null) => T): Promise<T>;
}

const MAX_BYTES = 64 * 1024;

/**
 * A file, 0600 in a folder 0700, whose meaning is `parse`'s and `format`'s.
 * @throws CustodyError (all methods) STORAGE · REFUSED when others may write it · LOCKED · what `parse` throws
 */
export function openJsonFile<T>(
  path: string,
  parse: (bytes: Uint8Array) => T,
  format: (value: T) => Uint8Array,
  options: LockOptions = {},
): JsonFile<T> {
  // Whoever can write this file can make the machine forget what it has seen (T24, T30).
  const read = async () => {
    await assertOwn(dirname(path), 0o022, 'chmod go-w');
    await assertOwn(path, 0o022, 'chmod go-w');
    const bytes = await readFileBounded(path, MAX_BYTES);
    return bytes === null ? null : parse(bytes);
  };
  const replace = (value: T) => writeFileAtomic(path, format(value), PRIVATE_FILE);
  const locked = async <R>(work: () => Promise<R>) => {
    await makePrivateDirectory(dirname(path));
    return withLock(`${path}.lock`, work, options);
  };
  return {
    read,
    write: (value) => locked(() => replace(value)),
    update: (change) =>
      locked(async () => {
        const next = change(await read());
        await replace(next);
        return next;
      }),
  };
}
