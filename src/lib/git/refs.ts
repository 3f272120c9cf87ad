import { CustodyError } from '../base/errors.js';
import type { CommitId } from '../record/store.js';
import { type ObjectHeader, readHeaders } from './batch.js';
import { isCommitId } from './objects.js';
import { type GitProcess, runGit } from './spawn.js';

/**
 * The clone's own refs. They are not under `refs/heads`, so that a plain `git fetch` or `git push` in the folder cannot
 * move what custody has verified.
 */
export const REFS = {
  /** The newest head that was fetched and found in order; HEAD points here. */
  main: 'refs/custody/main',
  /** A commit without parents whose files wait to be published. */
  outbox: 'refs/custody/outbox',
} as const;

export type RefName = keyof typeof REFS;
export type Refs = Readonly<Record<RefName, CommitId | null>>;

const NO_COMMIT = '0'.repeat(40);

/** Where the clone stands; null for a ref that does not exist yet. */
export async function readRefs(git: GitProcess): Promise<Refs> {
  for (;;) {
    // Another process moves both in one step: what is read between two equal readings of one was there at one time.
    const [outbox, main, again] = await readHeaders(git, [REFS.outbox, REFS.main, REFS.outbox]);
    if (outbox?.id !== again?.id) continue;
    if (main?.type !== 'commit' || (outbox && outbox.type !== 'commit')) return listRefs(git);
    return { main: commitOf(main), outbox: commitOf(outbox) };
  }
}

function commitOf(header: ObjectHeader | null | undefined): CommitId | null {
  return header && isCommitId(header.id) ? header.id : null;
}

/** Tells a ref that does not exist from one whose commit is lost, which is an error. */
async function listRefs(git: GitProcess): Promise<Refs> {
  const output = await runGit(git, ['for-each-ref', '--format=%(refname) %(objectname)', ...Object.values(REFS)]);
  const found = new Map<string, string>();
  for (const line of output.toString('utf8').split('\n')) {
    const [ref = '', id = ''] = line.split(' ');
    found.set(ref, id);
  }
  const idOf = (ref: string): CommitId | null => {
    const id = found.get(ref);
    return id !== undefined && isCommitId(id) ? id : null;
  };
  return { main: idOf(REFS.main), outbox: idOf(REFS.outbox) };
}

/**
 * Moves refs together or not at all, each only from the value that `from` says.
 * @throws CustodyError CONFLICT when another process moved one
 */
export async function updateRefs(git: GitProcess, from: Refs, to: Partial<Refs>): Promise<Refs> {
  const lines = (Object.keys(REFS) as RefName[]).flatMap((name) => {
    const next = to[name];
    if (next === undefined || next === from[name]) return [];
    return [`update ${REFS[name]} ${next ?? NO_COMMIT} ${from[name] ?? NO_COMMIT}`];
  });
  if (lines.length === 0) return from;
  try {
    await runGit(git, ['update-ref', '--stdin'], { input: `start\n${lines.join('\n')}\nprepare\ncommit\n` });
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'STORAGE' && /cannot lock ref/.test(cause.message)) {
      throw new CustodyError('CONFLICT', 'another process moved the refs of this clone', { cause });
    }
    throw cause;
  }
  return { ...from, ...to };
}
