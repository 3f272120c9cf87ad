import { CustodyError, type ErrorCode } from '../base/errors.js';
import { type Clock, millisOf } from '../base/time.js';
import type { Accept, BuildChange, Change, CommitId, Published, PublishOptions } from '../record/store.js';
import { judgeFetched } from './acceptable.js';
import type { Delta } from './objects.js';
import type { Refs } from './refs.js';
import type { Repository } from './repository.js';
import { quoted } from './tree.js';

/** What the flows below need of the remote; `transport.ts` is one. */
export interface Remote {
  /** The remote's main, with its objects fetched; null when there is none. */
  fetch(): Promise<CommitId | null>;
  push(commit: CommitId, parent: CommitId | null): Promise<'pushed' | 'moved' | HeldLock>;
}

/** A lock file of the remote that kept main from moving. */
export interface HeldLock {
  readonly file: string;
  /** How old it is; null where this machine cannot see. */
  readonly ageMillis: number | null;
}

export interface GitLimits {
  /** How long a publish tries when the head keeps moving. By time, not by count: with 50 writers one needs 29 attempts. */
  readonly deadlineMillis: number;
  /** A remote that says nothing for so long is given up. */
  readonly silenceMillis: number;
  /** How often an unreachable remote is tried again. */
  readonly retries: number;
  /** Git holds a lock for milliseconds: one that is there for so long was left behind. */
  readonly lockMillis: number;
}

export const DEFAULT_LIMITS: GitLimits = {
  deadlineMillis: 120_000,
  silenceMillis: 30_000,
  retries: 3,
  lockMillis: 15_000,
};

export interface Exchange {
  readonly repository: Repository;
  readonly remote: Remote;
  readonly accept: Accept;
  readonly clock: Clock;
  readonly random: () => number;
  readonly limits: GitLimits;
  readonly onProgress: (text: string) => void;
}

interface Advanced {
  readonly refs: Refs;
  /** The commits that this step has brought. */
  readonly fresh: readonly CommitId[];
  /** What was in the way of a push. */
  readonly lock?: HeldLock;
}

/**
 * Fetches and judges; only then does main move.
 * @throws CustodyError HISTORY_REWRITTEN, TREE_MALFORMED, REMOTE_UNREACHABLE, TIMEOUT, DENIED, what `accept` throws
 */
export async function advance(exchange: Exchange, refs: Refs, retries = exchange.limits.retries): Promise<Advanced> {
  const head = await fetchPatiently(exchange, retries);
  if (head === refs.main)
    return { refs: refs.outbox === null ? refs : await exchange.repository.moveTo(refs, head), fresh: [] };
  if (head === null) {
    throw new CustodyError('HISTORY_REWRITTEN', `the remote has lost its branch main, which was at ${refs.main}`);
  }
  const { accepted, refusal } = await judgeFetched(exchange.repository, exchange.accept, refs.main, head);
  const moved = await exchange.repository.moveTo(refs, accepted.at(-1) ?? refs.main);
  // What came before the first bad commit counts: it must not be taken back along with the rest.
  if (refusal !== null) throw refusal;
  return { refs: moved, fresh: accepted };
}

async function fetchPatiently(exchange: Exchange, retries: number): Promise<CommitId | null> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await exchange.remote.fetch();
    } catch (cause) {
      if (!hasCode(cause, ['REMOTE_UNREACHABLE']) || attempt >= retries) throw cause;
      exchange.onProgress('the remote cannot be reached, trying again');
      await exchange.clock.sleep(backoff(exchange.random, attempt, 500, 8_000));
    }
  }
}

/** Builds and pushes until the commit has landed. Called under the clone's lock. */
export async function publish(exchange: Exchange, build: BuildChange, options: PublishOptions): Promise<Published> {
  const { repository, clock, limits } = exchange;
  const end = millisOf(clock.now()) + limits.deadlineMillis;
  const tried = new Set<CommitId>();
  let refs = await repository.refs();
  let lockedSince: number | null = null;
  for (let attempt = 0; ; attempt++) {
    if (options.onlyOn !== undefined && refs.main !== options.onlyOn) throw movedFrom(options.onlyOn, refs.main);
    const change = await build(repository.view(refs.main));
    const delta = await repository.deltaOf(refs.main, change);
    if (isEmpty(delta)) return nothingNew(await repository.moveTo(refs, refs.main));
    const commit = await repository.commit(refs.main, delta, change.message);
    tried.add(commit);
    try {
      const step = await deliver(exchange, commit, refs, options.mayWait === true ? 0 : limits.retries);
      const landed = step.fresh.find((id) => tried.has(id));
      if (landed !== undefined) return { commit: landed, pushed: true };
      lockedSince = lockedSinceThen(step, refs, lockedSince, millisOf(clock.now()));
      if (step.lock && lockedSince !== null) assertInUse(step.lock, millisOf(clock.now()) - lockedSince, limits);
      refs = step.refs;
      exchange.onProgress(step.lock ? `the remote is locked by ${quoted(step.lock.file)}` : FASTER);
    } catch (cause) {
      return await keepWaiting(exchange, refs, { ...change, files: delta.files }, options, cause);
    }
    if (millisOf(clock.now()) > end) throw neverFirst(attempt + 1, limits);
    await clock.sleep(backoff(exchange.random, attempt, 50, 2_000));
  }
}

const FASTER = 'another custodian was faster, building again';

/** Since when nothing but locks was seen: once main moves, somebody is at work there. */
function lockedSinceThen({ lock, refs }: Advanced, before: Refs, since: number | null, now: number): number | null {
  return lock === undefined || refs.main !== before.main ? null : (since ?? now);
}

/** @throws CustodyError LOCKED for a lock file that nobody takes away any more */
function assertInUse({ file, ageMillis }: HeldLock, seenMillis: number, { lockMillis }: GitLimits): void {
  const heldMillis = Math.max(ageMillis ?? 0, seenMillis);
  if (heldMillis < lockMillis) return;
  throw new CustodyError('LOCKED', `the remote's branch main is locked by ${quoted(file)}; nothing was published`, {
    details: { file, heldSeconds: Math.round(heldMillis / 1000) },
    suggestions: [
      'A git that crashed or lost power there left it behind: git itself takes such a file away within a second.',
      'See that no git is at work in that repository, delete the file there, and run the command again.',
    ],
  });
}

/** One push; when it did not go through, or its answer was lost, looks what the remote has now. */
async function deliver(exchange: Exchange, commit: CommitId, refs: Refs, retries: number): Promise<Advanced> {
  for (let attempt = 0; ; attempt++) {
    const outcome = await pushOnce(exchange.remote, commit, refs.main);
    if (outcome === 'pushed') return { refs: await exchange.repository.moveTo(refs, commit), fresh: [commit] };
    // A push whose answer was lost may have landed all the same: nothing is pushed again before we have looked.
    const seen = await advance(exchange, refs, retries);
    if (isLock(outcome)) return { ...seen, lock: outcome };
    if (outcome === 'moved' || seen.fresh.length > 0) return seen;
    if (attempt >= retries) throw outcome;
    await exchange.clock.sleep(backoff(exchange.random, attempt, 500, 8_000));
  }
}

function isLock(outcome: 'moved' | HeldLock | CustodyError): outcome is HeldLock {
  return typeof outcome === 'object' && 'file' in outcome;
}

async function pushOnce(
  remote: Remote,
  commit: CommitId,
  parent: CommitId | null,
): Promise<'pushed' | 'moved' | HeldLock | CustodyError> {
  try {
    return await remote.push(commit, parent);
  } catch (cause) {
    if (cause instanceof CustodyError && hasCode(cause, ['REMOTE_UNREACHABLE', 'TIMEOUT'])) return cause;
    throw cause;
  }
}

async function keepWaiting(
  { repository, onProgress }: Exchange,
  refs: Refs,
  change: Change,
  options: PublishOptions,
  cause: unknown,
): Promise<Published> {
  // Links of the ledger are derived from the head that they follow; only records can wait.
  const records = new Map([...change.files].filter(([path]) => path.startsWith('records/')));
  const offline = hasCode(cause, ['REMOTE_UNREACHABLE', 'TIMEOUT']);
  if (!offline || options.mayWait !== true || records.size === 0) throw cause;
  onProgress('the remote cannot be reached; the records wait in this clone');
  const { outbox } = await repository.wait(refs, records);
  if (outbox === null) throw new CustodyError('BUG', 'the outbox is empty after something was put into it');
  return { commit: outbox, pushed: false };
}

function isEmpty({ files, staged, removed }: Delta): boolean {
  return files.size + staged.size + removed.length === 0;
}

function nothingNew({ main }: Refs): Published {
  if (main === null) throw new CustodyError('BUG', 'nothing was given to be published');
  return { commit: main, pushed: true };
}

/** Full jitter: a random time up to a bound that doubles. */
function backoff(random: () => number, attempt: number, firstMillis: number, maxMillis: number): number {
  return Math.ceil(random() * Math.min(maxMillis, firstMillis * 2 ** attempt));
}

function hasCode(cause: unknown, codes: readonly ErrorCode[]): boolean {
  return cause instanceof CustodyError && codes.includes(cause.code);
}

function movedFrom(onlyOn: CommitId, main: CommitId | null): CustodyError {
  return new CustodyError('CONFLICT', 'the repository has moved since it was judged', {
    details: { expected: onlyOn, found: main },
    suggestions: ['Run the command again: it judges the newest records.'],
  });
}

function neverFirst(attempts: number, limits: GitLimits): CustodyError {
  const seconds = limits.deadlineMillis / 1000;
  return new CustodyError('CONFLICT', `others were faster ${attempts} times in ${seconds} s; nothing was published`, {
    suggestions: ['Run the command again.'],
  });
}
