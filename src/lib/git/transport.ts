import { readFile, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { GitError, GitPluginError, type SimpleGit, type SimpleGitProgressEvent, simpleGit } from 'simple-git';
import { CustodyError } from '../base/errors.js';
import type { CommitId } from '../record/store.js';
import type { Clone } from './clone.js';
import { type Environment, transportEnvironment } from './environment.js';
import { isCommitId } from './objects.js';
import type { HeldLock } from './publish.js';
import { faultOf, judgePush } from './remote-answer.js';
import { quoted } from './tree.js';
import type { RemoteUrl } from './url.js';

/** Speaks to the remote: the one place where simple-git is used. */

export interface TransportOptions {
  readonly clone: Clone;
  readonly environment: Environment;
  /** A remote that says nothing for so long is given up. */
  readonly silenceMillis: number;
  readonly onProgress?: ((text: string) => void) | undefined;
}

const MAIN = 'refs/heads/main';

/**
 * A local remote's hooks and configuration would run as the one who pushes, and another custodian may have written them
 * (T34). The command is constant: no stranger's text gets into the shell that git starts for it.
 */
const QUIET_RECEIVE_PACK =
  'git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c core.alternateRefsCommand=true receive-pack';

/**
 * Fetches main and answers the commit it is at; null when the remote has no main. Nothing is verified yet.
 * @throws CustodyError REMOTE_UNREACHABLE, TIMEOUT, DENIED, TREE_MALFORMED
 */
export async function fetchMain(options: TransportOptions): Promise<CommitId | null> {
  const args = ['fetch', '--verbose', '--no-tags', '--no-write-commit-graph', '--no-recurse-submodules', 'origin'];
  const answer = await run(options, [...args, `+${MAIN}:refs/remotes/origin/main`]);
  if (answer.failed) {
    if (/couldn't find remote ref/i.test(answer.errors)) return null;
    throw faultOf(answer.errors, 'fetch');
  }
  const fetched = await readFile(join(options.clone.gitDir, 'FETCH_HEAD'), 'utf8').catch(() => '');
  const id = fetched.slice(0, 40);
  if (!isCommitId(id)) throw new CustodyError('STORAGE', 'git fetch did not say what it fetched');
  return id;
}

/**
 * Pushes `commit` to main if main is at `parent`, which its one parent is: a fast-forward by construction, and a
 * compare-and-swap at the remote.
 * @throws CustodyError REMOTE_UNREACHABLE or TIMEOUT, after which it is unknown whether the push has landed; DENIED
 */
export async function pushMain(
  options: TransportOptions,
  commit: CommitId,
  parent: CommitId | null,
): Promise<'pushed' | 'moved' | HeldLock> {
  const lease = `--force-with-lease=${MAIN}:${parent ?? ''}`;
  const receive = options.clone.remote.path === null ? [] : [`--receive-pack=${QUIET_RECEIVE_PACK}`];
  const flags = ['--porcelain', '--no-verify', '--no-signed', '--recurse-submodules=no', lease, ...receive];
  const answer = await run(options, ['push', ...flags, 'origin', `${commit}:${MAIN}`]);
  if (!answer.failed) return 'pushed';
  const found = judgePush(answer.output, answer.errors);
  if (found === 'moved') return found;
  const file = normalize(found.file);
  return { file, ageMillis: options.clone.remote.path === null ? null : await ageOf(file) };
}

/**
 * Pushes a commit to main of another remote, only forward. `moved`: it has commits that ours does not follow.
 * @throws CustodyError REMOTE_UNREACHABLE, TIMEOUT, DENIED
 */
export async function pushTo(
  options: TransportOptions,
  remote: RemoteUrl,
  commit: CommitId,
): Promise<{ readonly moved: boolean }> {
  const receive = remote.path === null ? [] : [`--receive-pack=${QUIET_RECEIVE_PACK}`];
  const flags = ['--porcelain', '--no-verify', '--no-signed', '--recurse-submodules=no', ...receive];
  const answer = await run(options, ['push', ...flags, remote.text, `${commit}:${MAIN}`]);
  if (!answer.failed) return { moved: false };
  const found = judgePush(answer.output, answer.errors);
  if (found === 'moved') return { moved: true };
  throw new CustodyError('LOCKED', `the remote's branch main is locked by ${quoted(found.file)}`);
}

/** Only of a remote on this machine; null when it is gone again. */
async function ageOf(file: string): Promise<number | null> {
  const found = await stat(file).catch(() => null);
  return found === null ? null : Date.now() - found.mtimeMs;
}

interface Answer {
  readonly failed: boolean;
  readonly output: string;
  readonly errors: string;
}

/** Carries what git printed out of simple-git, which else keeps only one of the two streams. */
class GitFailed extends GitError {
  constructor(
    readonly output: string,
    readonly errors: string,
  ) {
    super(undefined, 'git failed');
  }
}

async function run(options: TransportOptions, args: string[]): Promise<Answer> {
  try {
    return { failed: false, output: await client(options).raw(args), errors: '' };
  } catch (cause) {
    if (cause instanceof GitFailed) return { failed: true, output: cause.output, errors: cause.errors };
    if (cause instanceof GitPluginError && cause.plugin === 'timeout') {
      throw new CustodyError('TIMEOUT', `the remote said nothing for ${options.silenceMillis / 1000} s`, {
        details: { operation: args[0], silenceSeconds: options.silenceMillis / 1000 },
        suggestions: ['Check the connection to the remote, then run the command again.'],
      });
    }
    if (cause instanceof GitPluginError)
      throw new CustodyError('BUG', `simple-git refused: ${cause.message}`, { cause });
    throw new CustodyError('UNAVAILABLE', 'git could not be started', { cause });
  }
}

function client({ clone, environment, silenceMillis, onProgress }: TransportOptions): SimpleGit {
  const env = transportEnvironment(environment, clone.gitDir);
  return simpleGit({
    baseDir: clone.gitDir,
    allowEnvironment: Object.keys(env).filter((name) => name.startsWith('GIT_')),
    timeout: { block: silenceMillis },
    completion: { onClose: true, onExit: 1000 },
    // The one unsafe thing is our own constant above.
    unsafe: { allowUnsafePack: true },
    // Always: the counting is what tells a slow remote from a silent one.
    progress: (event: SimpleGitProgressEvent) => onProgress?.(progressText(event)),
    errors: (error, { exitCode, stdOut, stdErr }) =>
      error instanceof GitPluginError || exitCode === 0
        ? error
        : new GitFailed(Buffer.concat(stdOut).toString('utf8'), Buffer.concat(stdErr).toString('utf8')),
  }).env(env);
}

function progressText({ method, stage, progress }: SimpleGitProgressEvent): string {
  // Where git ends a line before it starts the stage, simple-git takes the line end for a part of its name.
  return `${method}: ${stage.trim()} ${progress} %`;
}
