import { randomBytes } from 'node:crypto';
import { constants, type Dirent, type Stats } from 'node:fs';
import { link, lstat, mkdir, open, readdir, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CustodyError } from '../base/errors.js';
import { instantFromMillis } from '../base/time.js';
import { MAX_OBJECT_BYTES, OBJECT_NAME, type ObjectHistory, type ObjectStore } from '../ledger/objects.js';
import {
  errnoOf,
  makePrivateDirectory,
  PRIVATE_DIRECTORY,
  PRIVATE_FILE,
  storageError,
  syncDirectory,
  writeSynced,
} from './files.js';

/** Where objects are written before they get their name; no object's name begins with a dot. */
const WRITING = '.writing';
/** A writer needs seconds: what is older was left by one that was killed. */
const LEFTOVER_MILLIS = 3600 * 1000;

/**
 * Objects as files of a folder, one below its name. An object gets its name by link(2), which one process alone can do
 * (T41), when its bytes are on disk; the folder is on disk before `create` answers. Symbolic links are not followed.
 */
export function createObjectDirectory(dir: string): ObjectStore {
  let swept = false;
  let root: string | null = null;
  /** Where it really is: known once, so that another folder in its place is no folder of ours. */
  const rootOf = async () => {
    root ??= await realpath(dir);
    return root;
  };
  return {
    create: async (name, bytes) => {
      assertObject(name, bytes);
      await makePrivateDirectory(dir);
      await makePrivateDirectory(join(dir, WRITING));
      if (!swept) await sweep(join(dir, WRITING));
      swept = true;
      return create(await realDirectory(dir), name, bytes);
    },
    read: async (name, room) => {
      assertName(name);
      return readObject({ dir, rootOf }, name, room);
    },
    list: (prefix, after = '') => list(dir, prefix, after),
    histories: (prefix) => histories(dir, prefix),
  };
}

async function create(root: string, name: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
  const path = join(root, name);
  const folder = dirname(path);
  await makeFolders(root, dirname(name));
  await assertInside(root, name);
  if ((await statOrNull(path)) !== null) return settled(folder);
  const temporary = join(root, WRITING, `${basename(path)}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeSynced(temporary, bytes, PRIVATE_FILE);
    await link(temporary, path);
    await syncDirectory(folder);
    return 'created';
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return settled(folder);
    throw storageError(cause, 'write', path);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Its writer may have been killed before the name was durable; what is built on it must not outlive it. */
async function settled(folder: string): Promise<'exists'> {
  await syncDirectory(folder).catch((cause: unknown) => {
    throw storageError(cause, 'write', folder);
  });
  return 'exists';
}

async function makeFolders(root: string, below: string): Promise<void> {
  let folder = root;
  for (const part of below === '.' ? [] : below.split('/')) {
    const parent = folder;
    folder = join(folder, part);
    try {
      await mkdir(folder, { mode: PRIVATE_DIRECTORY });
      await syncDirectory(parent);
    } catch (cause) {
      if (errnoOf(cause) !== 'EEXIST') throw storageError(cause, 'make', folder);
    }
  }
}

interface Place {
  readonly dir: string;
  rootOf(): Promise<string>;
}

/** @throws CustodyError LIMIT_EXCEEDED, STORAGE; LEDGER_BROKEN for what is there and is no plain file in its place */
async function readObject({ dir, rootOf }: Place, name: string, room?: Buffer): Promise<Uint8Array | null> {
  const path = join(dir, name);
  try {
    if (!(await isInside(dir, await rootOf(), name))) throw notPlain(name);
    // NONBLOCK: opening a pipe that somebody put there would wait for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile()) throw notPlain(name);
      if (found.size > MAX_OBJECT_BYTES) throw tooLarge(name, found.size);
      return await readWhole(file, found.size, room);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(cause))) return null;
    if (['ELOOP', 'ENXIO'].includes(errnoOf(cause))) throw notPlain(name);
    throw storageError(cause, 'read', path);
  }
}

/** No more than it had when it was opened: an object does not grow. */
async function readWhole(
  file: Awaited<ReturnType<typeof open>>,
  size: number,
  room: Buffer | undefined,
): Promise<Uint8Array> {
  const buffer = room !== undefined && room.length >= size ? room : Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(buffer, length, size - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

async function* list(dir: string, prefix: string, after: string): AsyncGenerator<string> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  for await (const name of walk(dir, folder)) {
    if (name.startsWith(prefix) && name > after) yield name;
  }
}

/** Names below `folder` ('' or with / at its end) in byte order: a folder sorts with the / that follows its name. */
async function* walk(dir: string, folder: string): AsyncGenerator<string> {
  const found = await entriesOf(join(dir, folder));
  const names = found.map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`).sort(byBytes);
  for (const name of names) {
    if (name.endsWith('/')) yield* walk(dir, name);
    else yield name;
  }
}

/** Files and folders of ours. What else is there has a name that no object can have, or is no file: it is left alone. */
async function entriesOf(path: string): Promise<readonly Dirent[]> {
  try {
    const found = await readdir(path, { withFileTypes: true });
    return found.filter((entry) => OBJECT_NAME.test(entry.name));
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return [];
    throw storageError(cause, 'read', path);
  }
}

/** A folder keeps one version and no marker, and guards nothing. */
async function* histories(dir: string, prefix: string): AsyncGenerator<ObjectHistory> {
  for await (const name of list(dir, prefix, '')) {
    const found = await statOrNull(join(dir, name));
    if (found === null) continue;
    yield {
      name,
      versions: 1,
      deleteMarkers: 0,
      createdAt: instantFromMillis(Math.floor(found.mtimeMs)),
      retainedUntil: null,
    };
  }
}

async function sweep(folder: string): Promise<void> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw storageError(cause, 'read', folder);
  });
  for (const name of names.filter((found) => found.endsWith('.tmp'))) {
    const found = await statOrNull(join(folder, name));
    if (found !== null && Date.now() - found.mtimeMs > LEFTOVER_MILLIS) await rm(join(folder, name), { force: true });
  }
}

async function realDirectory(dir: string): Promise<string> {
  return realpath(dir).catch((cause: unknown) => {
    throw storageError(cause, 'read', dir);
  });
}

async function assertInside(root: string, name: string): Promise<void> {
  if (!(await isInside(root, root, name))) throw notPlain(name);
}

/** Whether no folder on the way to the object is a symbolic link. @param root what `dir` really is */
async function isInside(dir: string, root: string, name: string): Promise<boolean> {
  return (await realpath(dirname(join(dir, name)))) === dirname(join(root, name));
}

async function statOrNull(path: string): Promise<Stats | null> {
  return lstat(path).catch((cause: unknown) => {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw storageError(cause, 'read', path);
  });
}

function assertName(name: string): void {
  if (!OBJECT_NAME.test(name)) throw new CustodyError('REFUSED', `not the name of an object: ${name.slice(0, 100)}`);
}

function assertObject(name: string, bytes: Uint8Array): void {
  assertName(name);
  if (bytes.length > MAX_OBJECT_BYTES) throw tooLarge(name, bytes.length);
}

function notPlain(name: string): CustodyError {
  return new CustodyError('LEDGER_BROKEN', `${name} is no plain file in a plain folder: it is not followed`, {
    details: { name },
  });
}

function tooLarge(name: string, size: number): CustodyError {
  return new CustodyError('LIMIT_EXCEEDED', `${name} has ${size} bytes, at most ${MAX_OBJECT_BYTES}`, {
    details: { name, maxBytes: MAX_OBJECT_BYTES },
  });
}

function byBytes(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
