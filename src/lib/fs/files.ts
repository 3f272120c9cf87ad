import { randomBytes } from 'node:crypto';
import { type FileHandle, link, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CustodyError } from '../base/errors.js';

export const PRIVATE_DIRECTORY = 0o700;
export const PRIVATE_FILE = 0o600;

const SUGGESTIONS: Readonly<Record<string, string>> = {
  ENOSPC: 'Free some space and run it again; nothing was half written.',
  EDQUOT: 'Free some space and run it again; nothing was half written.',
  EACCES: 'Give this user access to the path and run it again.',
  EPERM: 'Give this user access to the path and run it again.',
  EROFS: 'The file system is read-only: use a place that can be written.',
};

/** A failure of the file system as STORAGE (exit 5), with the path and the system's own code; our errors unchanged. */
export function storageError(cause: unknown, doing: string, path: string): CustodyError {
  if (cause instanceof CustodyError) return cause;
  const errno = errnoOf(cause);
  return new CustodyError('STORAGE', `cannot ${doing} ${path}: ${errno}`, {
    cause,
    details: { path, errno },
    suggestions: SUGGESTIONS[errno] === undefined ? [] : [SUGGESTIONS[errno]],
  });
}

export function errnoOf(cause: unknown): string {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : 'unknown';
}

/**
 * The whole file, or null when there is none.
 * @throws CustodyError STORAGE; LIMIT_EXCEEDED for a file over `maxBytes` (a device or a planted giant must not fill memory)
 */
export async function readFileBounded(path: string, maxBytes: number): Promise<Buffer | null> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw storageError(cause, 'read', path);
  }
  try {
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
    }
  } catch (cause) {
    throw storageError(cause, 'read', path);
  } finally {
    await file.close();
  }
  throw new CustodyError('LIMIT_EXCEEDED', `${path} is larger than ${maxBytes} bytes`, { details: { path, maxBytes } });
}

/**
 * Replaces `path` by `bytes`: after a crash at any moment it holds the old bytes or the new, never a part.
 * @throws CustodyError STORAGE
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  await throughTemporary(path, bytes, mode, (temporary) => rename(temporary, path));
}

/** Writes `path` only if it does not exist yet. @throws CustodyError CONFLICT when it does; STORAGE */
export async function createFileOnce(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  await throughTemporary(path, bytes, mode, async (temporary) => {
    try {
      await link(temporary, path);
    } catch (cause) {
      if (errnoOf(cause) !== 'EEXIST') throw cause;
      throw new CustodyError('CONFLICT', `${path} exists already`, { cause, details: { path } });
    }
  });
}

async function throughTemporary(
  path: string,
  bytes: Uint8Array,
  mode: number,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeSynced(temporary, bytes, mode);
    await place(temporary);
    await syncDirectory(folder);
  } catch (cause) {
    throw storageError(cause, 'write', path);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Writes a new file and puts it on disk; its name is not durable yet. Errors are the file system's own. */
export async function writeSynced(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    // The mask of the process may have taken bits away, never added them; the mode is meant exactly.
    await file.chmod(mode);
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes names in a folder durable; file systems that cannot sync a directory say so and are left at that. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } catch (cause) {
    if (!['EINVAL', 'EISDIR', 'EPERM', 'ENOTSUP'].includes(errnoOf(cause))) throw cause;
  } finally {
    await directory.close();
  }
}

/**
 * Makes `path` and what is missing above it, 0700.
 * @throws CustodyError STORAGE; REFUSED when it is there but not a folder of this user that only this user may write
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY });
  } catch (cause) {
    throw storageError(cause, 'make', path);
  }
  await assertOwn(path, 0o022, 'chmod go-w');
}

/**
 * Refuses a path that another user of this machine could have planted or may use: a symbolic link, another owner, or
 * one of the `forbidden` mode bits. A path that does not exist passes.
 */
export async function assertOwn(path: string, forbidden: number, remedy: string): Promise<void> {
  const found = await lstat(path).catch((cause: unknown) => {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw storageError(cause, 'read', path);
  });
  // Windows keeps rights in access lists, which these bits do not show.
  if (found === null || process.platform === 'win32') return;
  const owned = found.uid === process.geteuid?.();
  if (!found.isSymbolicLink() && owned && (found.mode & forbidden) === 0) return;
  const mode = (found.mode & 0o777).toString(8).padStart(3, '0');
  const why = found.isSymbolicLink() ? 'is a symbolic link' : owned ? `has mode ${mode}` : 'belongs to another user';
  throw new CustodyError('REFUSED', `${path} ${why}: others could use it`, {
    details: { path, mode, owned },
    suggestions: [`${remedy} ${path}`],
  });
}
