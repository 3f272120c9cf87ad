/**
 * PORT: the shared repository of records. Adapters keep it in Git (branch main) or in memory.
 *
 * The history is one line of commits without merges; a file is written once and never changed, but below `backups/`.
 */

/** 40 hex characters. */
export type CommitId = string & { readonly __brand: 'CommitId' };
/** 40 hex characters: by what a store finds a file's bytes again. It proves nothing; SHA-256 of the bytes does. */
export type BlobId = string & { readonly __brand: 'BlobId' };

export type Files = ReadonlyMap<string, Uint8Array>;

/** Everything at one commit, without a work tree. */
export interface View {
  /** Null in a repository without commits. */
  readonly head: CommitId | null;
  /** Every path of the tree, sorted; only regular files occur, others were refused with TREE_MALFORMED. */
  paths(): Promise<readonly string[]>;
  /** Paths below a folder (`records/r-…/`), sorted. */
  pathsUnder(prefix: string): Promise<readonly string[]>;
  /** @throws CustodyError NOT_FOUND for a path that is not in the tree, TREE_MALFORMED for one over the size cap (1 MiB) */
  read(paths: readonly string[]): Promise<Files>;
}

export interface Change {
  readonly message: string;
  /** Files to add; adding a path that exists with other bytes is a CONFLICT, but below `backups/`, where files may change. */
  readonly files: Files;
  /** Files below `backups/` whose bytes were staged before. */
  readonly staged?: ReadonlyMap<string, BlobId>;
  /** Paths below `backups/` that shall be gone. */
  readonly removed?: readonly string[];
}

/** Bytes on their way into the repository: kept in this clone, in no commit yet. */
export interface Stage {
  put(bytes: Uint8Array): Promise<BlobId>;
  /** From here on a change can name what was put. @throws CustodyError STORAGE */
  end(): Promise<void>;
}

/** What one commit did below some folders. */
export interface FolderChange {
  readonly commit: CommitId;
  /** `blob` null: the file is gone. */
  readonly files: readonly { readonly path: string; readonly blob: BlobId | null }[];
}

export interface Published {
  readonly commit: CommitId;
  /** False when the remote could not be reached and the change waits in the outbox (only with `mayWait`). */
  readonly pushed: boolean;
}

export interface PublishOptions {
  /** Offline: keep the record files in the outbox of this clone, to be published by the next `sync` or `publish`. */
  readonly mayWait?: boolean;
  /** Compare-and-swap: publish only on exactly this head, else CONFLICT; never rebuilt on another one. */
  readonly onlyOn?: CommitId;
  readonly onProgress?: (text: string) => void;
}

/** What is to be added on `view`; called again for each new head, so it must derive links (the ledger's) from `view`. */
export type BuildChange = (view: View) => Promise<Change>;

/** Which commits there are, and what they held. */
export type Line = Pick<RecordStore, 'history' | 'foldersAt'>;

/** What a fetch has brought, as long as the clone has not moved to it. */
export interface Candidate {
  readonly view: View;
  /** What the clone has; its head is null before the first commit. */
  readonly before: View;
  /** Answers as if the clone had moved. */
  readonly line: Line;
}

/** Judges what a fetch has brought. @throws CustodyError (exit 2 or 3) for a state that no clone may move to */
export type Accept = (candidate: Candidate) => Promise<void>;

export interface RecordStore {
  /**
   * Fetches, checks that the line of commits goes forward from what this clone has (HISTORY_REWRITTEN) and that its state
   * is one to move to (`Accept`), and answers the newest head. What is refused leaves the clone where it was, so that it
   * goes on once the remote is put right. Waiting files stay in the outbox: the flow publishes them.
   * @throws CustodyError REMOTE_UNREACHABLE, TIMEOUT; HISTORY_REWRITTEN, TREE_MALFORMED and what `Accept` throws
   */
  sync(options?: { readonly onProgress?: (text: string) => void }): Promise<View>;
  /** What this clone has, without the network and without the outbox. */
  local(): Promise<View>;
  at(head: CommitId): Promise<View>;
  /** Files that wait to be published. */
  outbox(): Promise<Files>;
  /**
   * Adds one commit on the newest head and pushes it; when the head moved, builds again on the new one (with jitter,
   * until the deadline). Files of the outbox that `build` includes leave the outbox once they are pushed.
   */
  publish(build: BuildChange, options?: PublishOptions): Promise<Published>;
  /** Takes files that are too many to be held in memory; each `put` waits until there is room. */
  stage(): Promise<Stage>;
  /** Commits up to `head` that did something below one of the folders, oldest first. */
  changesUnder(head: CommitId, folders: readonly string[]): Promise<readonly FolderChange[]>;
  /** Bytes of blobs, one after another in the order of `ids`. @throws CustodyError TREE_MALFORMED, STORAGE */
  readBlobs(ids: readonly BlobId[], visit: (id: BlobId, bytes: Uint8Array) => void): Promise<void>;
  /** The line of commits from the first to `head`, oldest first. */
  history(head: CommitId): Promise<readonly CommitId[]>;
  /**
   * For each question, the file names directly in `folder` at `commit`; null when the commit is not in the clone.
   * Answers come in the order of the questions.
   */
  foldersAt(
    questions: readonly { readonly commit: CommitId; readonly folder: string }[],
  ): Promise<readonly (ReadonlySet<string> | null)[]>;
}
