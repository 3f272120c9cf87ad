import { lstat, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CustodyError } from '../base/errors.js';
import type { Environment } from './environment.js';
import { formatConfig, verifyConfig } from './hardening.js';
import { REFS } from './refs.js';
import { runGit } from './spawn.js';
import { parseRemoteUrl, type RemoteUrl } from './url.js';

/** A custodian's folder holds `custody.yaml` and `.git`. There is never a work tree: nothing fetched is checked out (T34). */
export interface Clone {
  readonly dir: string;
  readonly gitDir: string;
  readonly remote: RemoteUrl;
}

/** Files by which `.git` would take objects, history or settings from elsewhere. */
const FOREIGN = [
  'commondir',
  'config.worktree',
  'gitdir',
  'shallow',
  'info/grafts',
  'objects/info/alternates',
  'objects/info/http-alternates',
] as const;

/**
 * Makes an empty clone of `url` in `dir`; the network is not used.
 * @throws CustodyError USAGE for the address, REPOSITORY_EXISTS when `dir` has a `.git`, STORAGE
 */
export async function createClone(dir: string, url: string, environment: Environment): Promise<Clone> {
  const remote = parseRemoteUrl(url);
  const root = resolve(dir);
  const gitDir = join(root, '.git');
  if ((await kindOf(gitDir)) !== 'nothing') {
    throw new CustodyError('REPOSITORY_EXISTS', `${root} has a .git already`);
  }
  await storing(gitDir, () => mkdir(root, { recursive: true }));
  await initialise(gitDir, environment);
  await storing(gitDir, async () => {
    await writeFile(join(gitDir, 'HEAD'), `ref: ${REFS.main}\n`);
    await writeFile(join(gitDir, 'config'), formatConfig(remote.text));
  });
  return openClone(root, environment);
}

/**
 * Makes the bare shared repository of a rehearsal.
 * @throws CustodyError REPOSITORY_EXISTS when `dir` is not empty, STORAGE
 */
export async function createOrigin(dir: string, environment: Environment): Promise<string> {
  const root = resolve(dir);
  await storing(root, () => mkdir(root, { recursive: true }));
  if ((await readdir(root)).length > 0) throw new CustodyError('REPOSITORY_EXISTS', `${root} is not empty`);
  await initialise(root, environment);
  await storing(root, async () => {
    await writeFile(join(root, 'HEAD'), 'ref: refs/heads/main\n');
    await writeFile(join(root, 'config'), ORIGIN_CONFIG);
  });
  return root;
}

const ORIGIN_CONFIG = `[core]
\trepositoryformatversion = 0
\tbare = true
\thooksPath = /dev/null
\tlogAllRefUpdates = true
[receive]
\tfsckObjects = true
\tdenyNonFastForwards = true
\tdenyDeletes = true
\tautogc = false
`;

/**
 * Opens a clone after its configuration was compared with what custody writes.
 * @throws CustodyError REPOSITORY_NOT_FOUND, CLONE_UNSAFE
 */
export async function openClone(dir: string, environment: Environment): Promise<Clone> {
  const root = resolve(dir);
  const gitDir = join(root, '.git');
  const kind = await kindOf(gitDir);
  if (kind === 'nothing') throw new CustodyError('REPOSITORY_NOT_FOUND', `${root} has no .git`);
  if (kind !== 'folder') throw unsafe(`${gitDir} is not a folder of its own`);
  const config = join(gitDir, 'config');
  if ((await kindOf(config)) !== 'file') throw unsafe(`${config} is not a plain file`);
  for (const name of FOREIGN) {
    if ((await kindOf(join(gitDir, name))) !== 'nothing') throw unsafe(`${join(gitDir, name)} exists`);
  }
  const url = await verifyConfig(environment, config);
  return { dir: root, gitDir, remote: knownRemote(url) };
}

function knownRemote(url: string): RemoteUrl {
  try {
    return parseRemoteUrl(url);
  } catch (cause) {
    throw new CustodyError('CLONE_UNSAFE', 'the address of the remote is not one that custody writes', { cause });
  }
}

async function initialise(gitDir: string, environment: Environment): Promise<void> {
  // No template: a system's template folder may hold hooks.
  const args = ['init', '--quiet', '--bare', '--template=', '--object-format=sha1', gitDir];
  await runGit({ gitDir: null, environment }, args);
}

async function kindOf(path: string): Promise<'nothing' | 'folder' | 'file' | 'other'> {
  const found = await lstat(path).catch(() => null);
  if (found === null) return 'nothing';
  return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : 'other';
}

async function storing(what: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    throw new CustodyError('STORAGE', `${what} cannot be written`, { cause });
  }
}

function unsafe(what: string): CustodyError {
  return new CustodyError('CLONE_UNSAFE', `the clone takes something from elsewhere: ${what}`, { details: { what } });
}
