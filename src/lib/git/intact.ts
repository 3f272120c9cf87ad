import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { CustodyError } from '../base/errors.js';
import { openClone } from './clone.js';
import type { Environment } from './environment.js';
import { damagedEntries } from './pack-entries.js';
import { REFS } from './refs.js';
import { type GitProcess, runGit } from './spawn.js';

/**
 * Whether a clone holds, byte for byte, what Git wrote into it. Reading a history meets only the objects that it asks for, and
 * Git compares none of them with its name then.
 */

/** A file of the clone that is not as Git wrote it, or an object that is not there. */
export interface Damage {
  /** Below the clone's folder, as `.git/objects/…`. */
  readonly file: string;
  readonly because: string;
  /** Files of the repository whose bytes, in some version, lie in what is damaged; empty where nobody can say any more. */
  readonly paths: readonly string[];
}

type Found = Omit<Damage, 'paths'> & { readonly ids: readonly string[] };

/** Ends with the SHA-1 of everything before (gitformat-pack, gitformat-commit-graph). */
const SUMMED =
  /^(?:pack\/(?:pack-[0-9a-f]{40}\.(?:pack|idx|rev|bitmap|mtimes)|multi-pack-index[\w.-]*)|info\/(?:commit-graph|commit-graphs\/graph-[0-9a-f]{40}\.graph))$/;
const LOOSE = /^([0-9a-f]{2})\/([0-9a-f]{38})$/;
/** A list of all files of a backup may have 64 MiB (git/tree). */
const MAX_OBJECT_BYTES = 65 * 1024 * 1024;
const SHA1_BYTES = 20;
const AT_ONCE = 16;

/**
 * Everything in a clone that is not as Git wrote it: packs, their indexes, loose objects, refs; and, where these are whole, objects
 * that the history needs and nobody has.
 * @throws CustodyError what opening the clone throws; STORAGE, TIMEOUT
 */
export async function findDamage(dir: string, environment: Environment): Promise<readonly Damage[]> {
  const { gitDir } = await openClone(dir, environment);
  const git = { gitDir, environment };
  const [objects, refs, gone] = await Promise.all([damagedObjects(gitDir), damagedRefs(gitDir), missing(git)]);
  const found = [...objects, ...refs];
  const all = found.length > 0 ? found : gone;
  if (all.length === 0) return [];
  const paths = await pathsById(git, new Set(all.flatMap(({ ids }) => ids)));
  return all.map(({ file, because, ids }) => ({
    file: `.git/${file}`,
    because,
    paths: [...new Set(ids.flatMap((id) => paths.get(id) ?? []))],
  }));
}

async function damagedObjects(gitDir: string): Promise<readonly Found[]> {
  const home = join(gitDir, 'objects');
  const names = (await filesBelow(home)).sort();
  const found: Found[] = [];
  const work = names.values();
  const look = async () => {
    for (const name of work) {
      const one = SUMMED.test(name) ? await summed(home, name) : LOOSE.test(name) ? await loose(home, name) : null;
      if (one !== null) found.push(one);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, look));
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true }).catch((cause) => {
    throw unreadable(dir, cause);
  });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));
}

async function summed(home: string, name: string): Promise<Found | null> {
  const hash = createHash('sha1');
  let tail = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(join(home, name), { highWaterMark: 1024 * 1024 })) {
      const bytes = Buffer.concat([tail, chunk]);
      const end = Math.max(0, bytes.length - SHA1_BYTES);
      hash.update(bytes.subarray(0, end));
      tail = bytes.subarray(end);
    }
  } catch (cause) {
    throw unreadable(join(home, name), cause);
  }
  if (tail.length === SHA1_BYTES && tail.equals(hash.digest())) return null;
  const ids = name.endsWith('.pack') ? await damagedEntries(join(home, name)) : [];
  return { file: `objects/${name}`, because: 'it is not what its checksum says', ids };
}

async function loose(home: string, name: string): Promise<Found | null> {
  const id = name.replace('/', '');
  const bytes = await readFile(join(home, name)).catch((cause) => {
    throw unreadable(join(home, name), cause);
  });
  const because = 'it is not the object that its name says';
  try {
    const object = inflateSync(bytes, { maxOutputLength: MAX_OBJECT_BYTES });
    if (createHash('sha1').update(object).digest('hex') === id) return null;
  } catch {
    // What zlib cannot read is no object; why not says nothing to anybody.
  }
  return { file: `objects/${name}`, because, ids: [id] };
}

const NAMED = /^[0-9a-f]{40} refs\/[\w./-]+$/;

/** Refs are lines of text without a checksum: what they say must be an id, and which, `missing` says. */
async function damagedRefs(gitDir: string): Promise<readonly Found[]> {
  const found: Found[] = [];
  const head = await readFile(join(gitDir, 'HEAD'), 'utf8').catch(() => '');
  if (head !== `ref: ${REFS.main}\n`) found.push({ file: 'HEAD', because: `it does not name ${REFS.main}`, ids: [] });
  for (const name of await filesBelow(join(gitDir, 'refs'))) {
    const text = await readFile(join(gitDir, 'refs', name), 'utf8').catch(() => '');
    if (!name.endsWith('.lock') && !/^[0-9a-f]{40}\n$/.test(text))
      found.push({ file: `refs/${name}`, because: 'it names no commit', ids: [] });
  }
  const packed = await readFile(join(gitDir, 'packed-refs'), 'utf8').catch(() => '');
  const lines = packed.split('\n').slice(0, -1);
  if (lines.some((line, at) => !NAMED.test(line) && !/^\^[0-9a-f]{40}$/.test(line) && !(at === 0 && line[0] === '#')))
    found.push({ file: 'packed-refs', because: 'a line of it is no ref', ids: [] });
  return found;
}

/** Objects that some ref leads to and that are not there. */
async function missing(git: GitProcess): Promise<readonly Found[]> {
  try {
    await runGit(git, ['rev-list', '--objects', '--quiet', '--all']);
    return [];
  } catch (cause) {
    if (!isOfObjects(cause)) throw cause;
    const ref = /bad object (refs\/[\w./-]+)/.exec(cause.message)?.[1];
    if (ref !== undefined) return [{ file: ref, because: 'the commit that it names is not there', ids: [] }];
    const id = /\b[0-9a-f]{40}\b/.exec(cause.message)?.[0];
    if (id === undefined) return [{ file: 'objects', because: cause.message, ids: [] }];
    const file = `objects/${id.slice(0, 2)}/${id.slice(2)}`;
    return [{ file, because: 'the history needs it, and it is not there', ids: [id] }];
  }
}

/** Under which paths objects stand in the history, as far as Git can still walk it. */
async function pathsById(git: GitProcess, ids: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly string[]>> {
  const paths = new Map<string, string[]>();
  let rest = '';
  const onOutput = (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString('utf8')}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [id, path] = [line.slice(0, 40), line.slice(41)];
      if (ids.has(id) && path !== '') paths.set(id, [...(paths.get(id) ?? []), path]);
    }
  };
  try {
    await runGit(git, ['rev-list', '--objects', '--missing=allow-any', '--all'], { onOutput });
  } catch (cause) {
    // It stops where it cannot go on; what it said so far stands.
    if (!isOfObjects(cause)) throw cause;
  }
  return paths;
}

/** Git could not go on; not that it was given up, or that there is none. */
function isOfObjects(cause: unknown): cause is CustodyError {
  return cause instanceof CustodyError && (cause.code === 'CLONE_DAMAGED' || cause.code === 'STORAGE');
}

function unreadable(path: string, cause: unknown): CustodyError {
  return new CustodyError('STORAGE', `cannot read ${path}`, { cause });
}
