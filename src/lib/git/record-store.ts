import { join } from 'node:path';
import type { Clock } from '../base/time.js';
import { withLock } from '../fs/lock.js';
import type {
  Accept,
  BlobId,
  BuildChange,
  CommitId,
  Files,
  FolderChange,
  Published,
  PublishOptions,
  RecordStore,
  Stage,
  View,
} from '../record/store.js';
import { type Clone, openClone } from './clone.js';
import type { Environment } from './environment.js';
import { advance, DEFAULT_LIMITS, type Exchange, type GitLimits, publish } from './publish.js';
import { type Identity, Repository } from './repository.js';
import { removeStaleLocks } from './stale-locks.js';

export interface GitRecordStoreOptions {
  /** The custodian's folder, with its `.git`. */
  readonly dir: string;
  readonly clock: Clock;
  /** A number from 0 to 1: the jitter of retries. */
  readonly random: () => number;
  readonly environment: Environment;
  /** Judges what a fetch has brought, before the clone moves to it. */
  readonly accept: Accept;
  /** Who stands in commits. It proves nothing: signatures do. */
  readonly identity?: Identity;
  readonly limits?: Partial<GitLimits>;
}

const IDENTITY: Identity = { name: 'custody', email: 'custody@localhost' };
/** A waiting process outlives one full publish of the holder. */
const LOCK_SLACK_MILLIS = 60_000;
const TELL_AFTER_MILLIS = 1_000;

type OnProgress = (text: string) => void;

/**
 * Records in a Git clone that was made with `createClone`. One process at a time syncs or publishes in a clone; reading
 * needs no turn. `build` of a publish runs in that turn, so it must not sync or publish itself.
 * @throws CustodyError REPOSITORY_NOT_FOUND, CLONE_UNSAFE
 */
export async function openGitRecordStore(options: GitRecordStoreOptions): Promise<RecordStore> {
  const clone = await openClone(options.dir, options.environment);
  return new GitRecordStore(clone, options, { ...DEFAULT_LIMITS, ...options.limits });
}

class GitRecordStore implements RecordStore {
  readonly #repository: Repository;

  constructor(
    private readonly clone: Clone,
    private readonly options: GitRecordStoreOptions,
    private readonly limits: GitLimits,
  ) {
    const git = { gitDir: clone.gitDir, environment: options.environment };
    this.#repository = new Repository(git, options.clock, options.identity ?? IDENTITY);
  }

  async sync(options: { readonly onProgress?: OnProgress } = {}): Promise<View> {
    return this.#inTurn(options.onProgress, async (exchange) => {
      const { refs } = await advance(exchange, await this.#repository.refs());
      return this.#repository.view(refs.main);
    });
  }

  async local(): Promise<View> {
    return this.#repository.view((await this.#repository.refs()).main);
  }

  async at(head: CommitId): Promise<View> {
    await this.#repository.assertKnown(head);
    return this.#repository.view(head);
  }

  async outbox(): Promise<Files> {
    return this.#repository.outbox(await this.#repository.refs());
  }

  async publish(build: BuildChange, options: PublishOptions = {}): Promise<Published> {
    return this.#inTurn(options.onProgress, (exchange) => publish(exchange, build, options));
  }

  stage(): Promise<Stage> {
    return this.#repository.stage();
  }

  changesUnder(head: CommitId, folders: readonly string[]): Promise<readonly FolderChange[]> {
    return this.#repository.changesUnder(head, folders);
  }

  readBlobs(ids: readonly BlobId[], visit: (id: BlobId, bytes: Uint8Array) => void): Promise<void> {
    return this.#repository.readBlobs(ids, visit);
  }

  async history(head: CommitId): Promise<readonly CommitId[]> {
    return this.#repository.history(head, (await this.#repository.refs()).main);
  }

  async foldersAt(
    questions: readonly { readonly commit: CommitId; readonly folder: string }[],
  ): Promise<readonly (ReadonlySet<string> | null)[]> {
    return this.#repository.folders(questions, (await this.#repository.refs()).main);
  }

  async #inTurn<T>(onProgress: OnProgress | undefined, work: (exchange: Exchange) => Promise<T>): Promise<T> {
    const tell = onProgress ?? (() => undefined);
    const late = setTimeout(() => tell('waiting for another custody process in this folder'), TELL_AFTER_MILLIS);
    const timeoutMillis = this.limits.deadlineMillis + LOCK_SLACK_MILLIS;
    try {
      return await withLock(
        join(this.clone.gitDir, 'custody.lock'),
        async () => {
          clearTimeout(late);
          await removeStaleLocks(this.clone.gitDir);
          return work(this.#exchange(tell, onProgress));
        },
        { timeoutMillis },
      );
    } finally {
      clearTimeout(late);
    }
  }

  #exchange(tell: OnProgress, onProgress: OnProgress | undefined): Exchange {
    const { environment, clock, random } = this.options;
    const transport = { clone: this.clone, environment, silenceMillis: this.limits.silenceMillis, onProgress };
    return {
      repository: this.#repository,
      remote: {
        // Loaded with the first contact: what stays offline does without simple-git.
        fetch: async () => (await import('./transport.js')).fetchMain(transport),
        push: async (commit, parent) => (await import('./transport.js')).pushMain(transport, commit, parent),
      },
      accept: this.options.accept,
      clock,
      random,
      limits: this.limits,
      onProgress: tell,
    };
  }
}
