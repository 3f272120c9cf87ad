import { CustodyError, EXIT } from '../base/errors.js';
import type { Accept, CommitId } from '../record/store.js';
import { type Fault, judgeRange } from './range.js';
import type { Repository } from './repository.js';
import { type GitProcess, runGit } from './spawn.js';
import { quoted } from './tree.js';

/**
 * Whoever may push can push anything. What no custody publishes is refused before the clone moves, and by every clone
 * alike: then nobody has built on it, and taking it back at the remote undoes nothing that counted.
 */

/** What a fetch has brought. */
export interface Fetched {
  /** The commits that this clone may move to, oldest first. */
  readonly accepted: readonly CommitId[];
  /** Why the commit after them, and so the remote as it is, is refused; null when nothing is. */
  readonly refusal: CustodyError | null;
}

/**
 * Judges the commits from `main` to `head`.
 * @throws CustodyError HISTORY_REWRITTEN when they do not go forward from `main`, and what keeps `accept` from judging
 */
export async function judgeFetched(
  repository: Repository,
  accept: Accept,
  main: CommitId | null,
  head: CommitId,
): Promise<Fetched> {
  const { good, fault } = await judgeRange(repository.git, main, head);
  const refusal = async (commit: CommitId) => refusalOf(() => accept(repository.candidate(main, commit)));
  const refused = (await firstRefused(good, refusal)) ?? fault;
  if (refused === null) return { accepted: good, refusal: null };
  const at = good.indexOf(refused.commit);
  const accepted = at < 0 ? good : good.slice(0, at);
  return { accepted, refusal: await explained(repository.git, refused, accepted.at(-1) ?? main, head) };
}

/** What counted once counts for good: where the newest state is refused, each state after the first bad commit is, too. */
async function firstRefused(
  commits: readonly CommitId[],
  refusal: (commit: CommitId) => Promise<CustodyError | null>,
): Promise<Fault | null> {
  const last = commits.at(-1);
  const cause = last === undefined ? null : await refusal(last);
  if (last === undefined || cause === null) return null;
  let fault: Fault = { commit: last, cause };
  let [low, high] = [0, commits.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const commit = commits[middle] ?? last;
    const found = await refusal(commit);
    if (found === null) low = middle + 1;
    else [high, fault] = [middle, { commit, cause: found }];
  }
  return fault;
}

/** A check that ran and said no; what could not be judged is thrown. */
async function refusalOf(judge: () => Promise<void>): Promise<CustodyError | null> {
  try {
    await judge();
    return null;
  } catch (cause) {
    if (cause instanceof CustodyError && (cause.exit === EXIT.refused || cause.exit === EXIT.usage)) return cause;
    throw cause;
  }
}

/** The same refusal, with the commit that brought it and the way out. */
async function explained(
  git: GitProcess,
  { commit, cause }: Fault,
  follows: CommitId | null,
  head: CommitId,
): Promise<CustodyError> {
  const author = await authorOf(git, commit);
  const back =
    follows === null
      ? 'Nothing before it is in order: compare the address with another custodian.'
      : `Once another custodian has compared ${follows}, the host's administrator puts main back: git push --force-with-lease=main:${head} REMOTE ${follows}:refs/heads/main`;
  return new CustodyError(cause.code, cause.message, {
    details: { ...cause.details, commit, author, follows, head },
    suggestions: [
      `Commit ${commit} brought it. It calls ${author} its author, which proves nothing: the host's log says who pushed.`,
      `This clone did not move to it. ${back}`,
      'docs/operations.md, "When somebody pushed garbage". A commit that takes it out again does not help.',
    ],
    cause,
  });
}

async function authorOf(git: GitProcess, commit: CommitId): Promise<string> {
  const output = await runGit(git, ['log', '-1', '--no-show-signature', '--format=%an <%ae>', commit]);
  return quoted(output.toString('utf8').trim());
}
