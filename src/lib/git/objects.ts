import { CustodyError } from '../base/errors.js';
import type { BlobId, CommitId, Files } from '../record/store.js';
import { readHeaders, readObjects } from './batch.js';
import { type GitProcess, runGit } from './spawn.js';
import {
  assertBlobSize,
  assertFileMode,
  assertTreePath,
  FILE_MODE,
  MAX_BLOB_BYTES,
  maxBytesOf,
  quoted,
} from './tree.js';

/** Reading and writing Git's objects. Nothing here trusts a name in a tree, and nothing is ever checked out. */

/** The files of one commit: paths sorted, each with its blob. */
export interface Listing {
  readonly paths: readonly string[];
  readonly blobs: ReadonlyMap<string, string>;
}

export const EMPTY_LISTING: Listing = { paths: [], blobs: new Map() };

export function isCommitId(text: string): text is CommitId {
  return /^[0-9a-f]{40}$/.test(text);
}

export function isBlobId(text: string): text is BlobId {
  return /^[0-9a-f]{40}$/.test(text);
}

/** @throws CustodyError TREE_MALFORMED for a path or mode that a custody repository cannot hold */
export async function listTree(git: GitProcess, commit: CommitId): Promise<Listing> {
  const output = await runGit(git, ['ls-tree', '-r', '-z', '--full-tree', commit]);
  const blobs = new Map<string, string>();
  for (const line of output.toString('utf8').split('\0')) {
    if (line === '') continue;
    const match = /^(\d{6}) [a-z]+ ([0-9a-f]{40})\t(.+)$/s.exec(line);
    if (!match) throw new CustodyError('STORAGE', `git ls-tree answered ${quoted(line)}`);
    const [, mode = '', blob = '', path = ''] = match;
    assertTreePath(path);
    assertFileMode(mode, path);
    blobs.set(path, blob);
  }
  return { paths: [...blobs.keys()].sort(), blobs };
}

/** @throws CustodyError NOT_FOUND for a path that is not there, TREE_MALFORMED for one over the size cap */
export async function readFiles(git: GitProcess, listing: Listing, paths: readonly string[]): Promise<Files> {
  const wanted = [...new Set(paths)];
  const ids = wanted.map((path) => {
    const blob = listing.blobs.get(path);
    if (blob === undefined) throw new CustodyError('NOT_FOUND', `no file ${quoted(path)}`);
    return blob;
  });
  const most = wanted.reduce((max, path) => Math.max(max, maxBytesOf(path)), MAX_BLOB_BYTES);
  const objects = await readObjects(git, ids, most, (at, size) => {
    assertBlobSize(size, wanted[at] ?? '');
    throw new CustodyError('BUG', 'a blob is both too large and not');
  });
  return new Map(wanted.map((path, at) => [path, blobOf(objects[at], path)]));
}

function blobOf(
  object: { readonly type: string; readonly bytes: Buffer } | null | undefined,
  path: string,
): Uint8Array {
  if (object?.type === 'blob') {
    assertBlobSize(object.bytes.length, path);
    return object.bytes;
  }
  throw new CustodyError('TREE_MALFORMED', `${quoted(path)} names no blob`);
}

/** Commits from the first to `head`, oldest first, along first parents. */
export async function readLine(git: GitProcess, head: CommitId): Promise<readonly CommitId[]> {
  const output = await runGit(git, ['rev-list', '--first-parent', '--reverse', head]);
  return output.toString('utf8').split('\n').filter(isCommitId);
}

/** File names directly in a folder at a commit, in the order of the questions; every commit must exist. */
export async function readFolders(
  git: GitProcess,
  questions: readonly { readonly commit: CommitId; readonly folder: string }[],
): Promise<readonly ReadonlySet<string>[]> {
  const headers = await readHeaders(
    git,
    questions.map(({ commit, folder }) => `${commit}:${folder}`),
  );
  const trees = [...new Set(headers.flatMap((header) => (header?.type === 'tree' ? [header.id] : [])))];
  const objects = await readObjects(git, trees, 64 * MAX_BLOB_BYTES, (at, size) => {
    throw new CustodyError('TREE_MALFORMED', `tree ${trees[at]} has ${size} bytes`);
  });
  const names = new Map(trees.map((tree, at) => [tree, namesIn(objects[at]?.bytes ?? Buffer.alloc(0))]));
  return headers.map((header) => names.get(header?.id ?? '') ?? new Set());
}

/** Files of a raw tree object: `<mode> <name>\0<20 bytes>`, again and again. */
function namesIn(tree: Buffer): ReadonlySet<string> {
  const names = new Set<string>();
  for (let at = 0; at < tree.length; ) {
    const space = tree.indexOf(0x20, at);
    const end = tree.indexOf(0, space);
    if (space < 0 || end < 0) break;
    if (tree.toString('latin1', at, space) === FILE_MODE) names.add(tree.toString('utf8', space + 1, end));
    at = end + 21;
  }
  return names;
}

/** What a commit does to the files of its parent. */
export interface Delta {
  readonly files: Files;
  readonly staged: ReadonlyMap<string, BlobId>;
  readonly removed: readonly string[];
}

export interface NewCommit extends Delta {
  readonly parent: CommitId | null;
  readonly message: string;
  readonly identity: { readonly name: string; readonly email: string };
  readonly atSeconds: number;
}

/** Keeps a commit from being pruned until a lasting ref names it. */
const CANDIDATE_REF = 'refs/custody/candidate';

/** Writes blobs, trees and one commit in one process (`git fast-import`); no lasting ref moves. */
export async function writeCommit(git: GitProcess, commit: NewCommit): Promise<CommitId> {
  const { name, email } = commit.identity;
  const message = Buffer.from(`${plain(commit.message)}\n`, 'utf8');
  const input: (string | Uint8Array)[] = [
    `commit ${CANDIDATE_REF}\nmark :1\ncommitter ${plain(name)} <${plain(email)}> ${commit.atSeconds} +0000\n`,
    `data ${message.length}\n`,
    message,
    commit.parent === null ? '' : `from ${commit.parent}\n`,
  ];
  for (const path of commit.removed) input.push(`D ${checkedPath(path)}\n`);
  for (const [path, blob] of commit.staged) input.push(`M ${FILE_MODE} ${blob} ${checkedPath(path)}\n`);
  for (const [path, bytes] of commit.files)
    input.push(`M ${FILE_MODE} inline ${checkedPath(path)}\ndata ${bytes.length}\n`, bytes, '\n');
  input.push('get-mark :1\ndone\n');
  const output = await runGit(git, ['fast-import', '--done', '--quiet', '--force'], { input });
  const id = output.toString('utf8').trim();
  if (!isCommitId(id)) throw new CustodyError('STORAGE', `git fast-import answered ${quoted(id)}`);
  return id;
}

function checkedPath(path: string): string {
  assertTreePath(path);
  return path;
}

function plain(text: string): string {
  return text.replace(/[\x00-\x1f\x7f<>]/g, ' ').slice(0, 500);
}
