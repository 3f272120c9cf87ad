import { lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
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

/** Lies in what custody makes until that is complete, so that what was cut off there can be told from everything else. */
const UNFINISHED = 'custody.unfinished';
/** What says that a repository is in use all the same: the pin of a clone (fs/clone-pin), the branch of an origin. */
const IN_USE = ['custody.json', 'refs/heads/main', 'packed-refs'] as const;

/**
 * Makes an empty clone of `url` in `dir`; the network is not used. One that an earlier run began and did not finish is
 * made anew.
 * @throws CustodyError USAGE for the address, REPOSITORY_EXISTS when `dir` has another `.git`, STORAGE
 */
export async function createClone(dir: string, url: string, environment: Environment): Promise<Clone> {
  const remote = parseRemoteUrl(url);
  const root = resolve(dir);
  const gitDir = join(root, '.git');
  if ((await kindOf(gitDir)) !== 'nothing' && !(await isUnfinished(gitDir))) {
    throw new CustodyError('REPOSITORY_EXISTS', `${root} has a .git already`);
  }
  await begin(gitDir);
  await initialise(gitDir, environment);
  await storing(gitDir, async () => {
    await writeFile(join(gitDir, 'HEAD'), `ref: ${REFS.main}\n`);
    await writeFile(join(gitDir, 'config'), formatConfig(remote.text));
  });
  return openClone(root, environment);
}

/** Says that a clone is complete: it will not be made anew. */
export async function finishClone({ gitDir }: Pick<Clone, 'gitDir'>): Promise<void> {
  await storing(gitDir, () => rm(join(gitDir, UNFINISHED), { force: true }));
}

/** Whether custody itself began this and was cut off: an empty folder, or one with our mark that nothing uses yet. */
export async function isUnfinished(dir: string): Promise<boolean> {
  if ((await kindOf(dir)) !== 'folder') return false;
  const names = await readdir(dir);
  if (names.length === 0) return true;
  if (!names.includes(UNFINISHED)) return false;
  const uses = await Promise.all(IN_USE.map((name) => kindOf(join(dir, name))));
  return uses.every((kind) => kind === 'nothing');
}

/** Empties what was cut off and marks it; the folder itself may be somebody's, with rights of its own. */
async function begin(dir: string): Promise<void> {
  await storing(dir, async () => {
    await mkdir(dir, { recursive: true });
    // The mark goes last, or a second cut would leave a rest that nobody knows.
    const rest = (await readdir(dir)).filter((name) => name !== UNFINISHED);
    for (const name of rest) await rm(join(dir, name), { recursive: true, force: true });
    await writeFile(join(dir, UNFINISHED), '');
  });
}

/**
 * Makes a bare shared repository; one that an earlier run began and did not finish is made anew.
 * @throws CustodyError REPOSITORY_EXISTS when `dir` holds anything else, STORAGE
 */
export async function createOrigin(dir: string, environment: Environment): Promise<string> {
  const root = resolve(dir);
  if ((await kindOf(root)) !== 'nothing' && !(await isUnfinished(root))) {
    throw new CustodyError('REPOSITORY_EXISTS', `${root} is not empty`);
  }
  await begin(root);
  await initialise(root, environment);
  await storing(root, async () => {
    await writeFile(join(root, 'HEAD'), 'ref: refs/heads/main\n');
    await writeFile(join(root, 'config'), ORIGIN_CONFIG);
  });
  await finishClone({ gitDir: root });
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
