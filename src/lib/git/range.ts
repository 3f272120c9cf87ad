import { CustodyError } from '../base/errors.js';
import type { CommitId, FolderChange } from '../record/store.js';
import { type ObjectHeader, readHeaders } from './batch.js';
import { isBlobId, isCommitId } from './objects.js';
import { type GitProcess, runGit } from './spawn.js';
import { assertBlobSize, assertFileMode, assertTreePath, isImmutable, quoted } from './tree.js';

/** What a fetched range of commits did: read in one process, judged once, before any of it counts. */

interface FileChange {
  /** `A` added; every other letter is a change of what was there. */
  readonly status: string;
  readonly mode: string;
  readonly blob: string;
  readonly path: string;
}

interface CommitChanges {
  readonly id: string;
  readonly parents: readonly string[];
  readonly changes: readonly FileChange[];
}

/** What a fetched line of commits is. */
export interface JudgedLine {
  /** The commits in order, oldest first, up to the first that is not. */
  readonly good: readonly CommitId[];
  /** The first commit that no clone may move to, with the reason; null when there is none. */
  readonly fault: Fault | null;
}

export interface Fault {
  readonly commit: CommitId;
  readonly cause: CustodyError;
}

/**
 * Judges the commits after `from` up to `to`: one line without merges that goes forward from `from`, adds plain files
 * under known paths, and changes or deletes none (T30, T33, T35, T36).
 * @throws CustodyError HISTORY_REWRITTEN when the line does not go forward from `from`
 */
export async function judgeRange(git: GitProcess, from: CommitId | null, to: CommitId): Promise<JudgedLine> {
  const commits = await readRange(git, from, to);
  assertForward(commits, from, to);
  const changes = commits.flatMap((commit) => commit.changes.filter(({ status }) => status !== 'D'));
  const headers = await readHeaders(
    git,
    changes.map(({ blob }) => blob),
  );
  const found = new Map(changes.map((change, at) => [change, headers[at] ?? null]));
  const good: CommitId[] = [];
  for (const commit of commits) {
    if (!isCommitId(commit.id)) throw new CustodyError('BUG', 'a commit id is none');
    const cause = faultOf(commit, found);
    if (cause !== null) return { good, fault: { commit: commit.id, cause } };
    good.push(commit.id);
  }
  return { good, fault: null };
}

/** What each commit of a verified line did below folders, oldest first. Folders are ours, without anything that git expands. */
export async function readChanges(
  git: GitProcess,
  head: CommitId,
  folders: readonly string[],
): Promise<readonly FolderChange[]> {
  const commits = await readRange(git, null, head, folders);
  return commits.flatMap(({ id, changes }) => (isCommitId(id) ? [{ commit: id, files: changes.map(fileOf) }] : []));
}

function fileOf({ status, blob, path }: FileChange): FolderChange['files'][number] {
  return { path, blob: status !== 'D' && isBlobId(blob) ? blob : null };
}

async function readRange(
  git: GitProcess,
  from: CommitId | null,
  to: CommitId,
  folders: readonly string[] = [],
): Promise<readonly CommitChanges[]> {
  // --root: the first commit's files are judged too. Merges need no option, their parents give them away.
  const shape = ['--first-parent', '--reverse', '--root', '--raw', '--no-renames', '--no-abbrev', '-z'];
  const range = from === null ? [to] : [to, `^${from}`];
  const output = await runGit(git, ['log', '--format=tformat:commit %H %P', ...shape, ...range, '--', ...folders]);
  return parseRange(output.toString('utf8'));
}

/** Reads `git log --raw -z`: `commit <id> <parents>\0`, then for each file `\n:<modes> <blobs> <status>\0<path>\0`. */
export function parseRange(text: string): readonly CommitChanges[] {
  const commits: { id: string; parents: readonly string[]; changes: FileChange[] }[] = [];
  const parts = text.split('\0');
  for (let at = 0; at < parts.length; at++) {
    const part = (parts[at] ?? '').replace(/^\n/, '');
    if (part === '') continue;
    const head = /^commit ([0-9a-f]{40}) ?((?:[0-9a-f]{40} ?)*)$/.exec(part);
    const file = /^:(\d{6}) (\d{6}) [0-9a-f]{40} ([0-9a-f]{40}) ([A-Z])\d*$/.exec(part);
    const last = commits.at(-1);
    if (head) {
      commits.push({ id: head[1] ?? '', parents: (head[2] ?? '').split(' ').filter((id) => id !== ''), changes: [] });
    } else if (file && last) {
      last.changes.push({ mode: file[2] ?? '', blob: file[3] ?? '', status: file[4] ?? '', path: parts[++at] ?? '' });
    } else throw new CustodyError('STORAGE', `git log answered ${quoted(part)}`);
  }
  return commits;
}

function assertForward(commits: readonly CommitChanges[], from: CommitId | null, to: CommitId): void {
  let before: string | null = from;
  for (const { id, parents } of commits) {
    if ((parents[0] ?? null) !== before) {
      const expected = before ?? 'no parent';
      throw rewritten(`commit ${id} should follow ${expected}, it follows ${parents[0] ?? 'nothing'}`, { commit: id });
    }
    before = id;
  }
  if (before !== to) throw rewritten(`its head ${to} is older than ${from}, which this clone has seen`, { head: to });
}

type Headers = ReadonlyMap<FileChange, ObjectHeader | null>;

function faultOf(commit: CommitChanges, headers: Headers): CustodyError | null {
  try {
    if (commit.parents.length > 1) throw rewritten(`commit ${commit.id} is a merge`, { commit: commit.id });
    for (const change of commit.changes) assertChange(change, commit.id, headers.get(change) ?? null);
    return null;
  } catch (cause) {
    if (cause instanceof CustodyError) return cause;
    throw cause;
  }
}

function assertChange(change: FileChange, commit: string, header: ObjectHeader | null): void {
  assertTreePath(change.path);
  if (change.status !== 'A' && isImmutable(change.path)) {
    const did = change.status === 'D' ? 'deletes' : 'changes';
    throw rewritten(`commit ${commit} ${did} ${quoted(change.path)}`, { commit, path: change.path });
  }
  if (change.status === 'D') return;
  assertFileMode(change.mode, change.path);
  if (header?.type !== 'blob') throw new CustodyError('TREE_MALFORMED', `${quoted(change.path)} names no blob`);
  assertBlobSize(header.size, change.path);
}

function rewritten(what: string, details: Readonly<Record<string, unknown>>): CustodyError {
  return new CustodyError('HISTORY_REWRITTEN', `the remote's history was rewritten: ${what}`, {
    details,
    suggestions: ['Keep this clone as evidence and compare its head with another custodian before you go on.'],
  });
}
