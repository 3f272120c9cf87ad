import { CustodyError } from '../base/errors.js';
import type { CommitId } from '../record/store.js';
import { openClone } from './clone.js';
import type { Environment } from './environment.js';
import { runGit } from './spawn.js';
import { pushTo } from './transport.js';
import { parseRemoteUrl } from './url.js';

/** Copies of a verified line of commits elsewhere: other remotes, and files for a safe. */

/** What became of one mirror. `diverged`: it has commits that we do not have, and nothing was pushed over them. */
export interface MirrorOutcome {
  readonly url: string;
  readonly status: 'pushed' | 'diverged' | 'unreachable';
  readonly because: string | null;
}

const SILENCE_MILLIS = 30_000;

/**
 * Pushes a commit to main of each remote, never with force.
 * @throws CustodyError USAGE for an address that git is not given (T34)
 */
export async function pushMirrors(
  dir: string,
  environment: Environment,
  urls: readonly string[],
  commit: CommitId,
): Promise<readonly MirrorOutcome[]> {
  const clone = await openClone(dir, environment);
  const remotes = urls.map(parseRemoteUrl);
  const outcomes: MirrorOutcome[] = [];
  for (const remote of remotes) {
    const url = remote.text;
    try {
      const { moved } = await pushTo({ clone, environment, silenceMillis: SILENCE_MILLIS }, remote, commit);
      outcomes.push({
        url,
        status: moved ? 'diverged' : 'pushed',
        because: moved ? 'it has commits of its own' : null,
      });
    } catch (cause) {
      if (!(cause instanceof CustodyError)) throw cause;
      outcomes.push({ url, status: 'unreachable', because: cause.message });
    }
  }
  return outcomes;
}

/**
 * Writes everything up to a commit into one file, from which `git clone FILE` makes a repository.
 * @throws CustodyError STORAGE
 */
export async function writeBundle(
  dir: string,
  environment: Environment,
  file: string,
  commit: CommitId,
): Promise<void> {
  const { gitDir } = await openClone(dir, environment);
  const git = { gitDir, environment };
  const ref = 'refs/heads/main';
  // A bundle names refs, and a clone of it looks for a branch; ours are elsewhere. Which branch is checked out, HEAD says:
  // without it a clone holds everything and shows nothing.
  await runGit(git, ['update-ref', ref, commit]);
  try {
    await runGit(git, ['bundle', 'create', '--quiet', file, 'HEAD', ref], { timeoutMillis: 600_000 });
  } finally {
    await runGit(git, ['update-ref', '-d', ref]);
  }
}
