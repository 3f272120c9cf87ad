import { createHash } from 'node:crypto';
import { CustodyError } from '../../src/lib/base/errors.js';
import { blobIdOf } from '../../src/lib/git/stage.js';
import { assertFiles, assertTreePath, isImmutable, pathsBelow, quoted } from '../../src/lib/git/tree.js';
import type {
  BlobId,
  BuildChange,
  Change,
  CommitId,
  Files,
  FolderChange,
  Published,
  PublishOptions,
  RecordStore,
  Stage,
  View,
} from '../../src/lib/record/store.js';

/** A shared repository in memory: `client()` is one person's clone. A model of the port, with the faults that tests need. */
export interface MemoryRemote {
  client(): RecordStore;
  /** Another remote with the same commits, on which nothing of this one's later ones shows. */
  copy(): MemoryRemote;
  head(): CommitId | null;
  /** Files at the head, or at a commit. */
  files(at?: CommitId): Files;
  /** An attacker's or another tool's push: sets the head to a new commit on `parent` with exactly these files. */
  force(files: Files, parent?: CommitId | null): CommitId;
  /** Sets the head to an older or foreign commit. */
  rewind(head: CommitId | null): void;
  /** While true every contact fails with REMOTE_UNREACHABLE. */
  unreachable: boolean;
  /** While true every contact is given up with TIMEOUT, and nobody knows of what. */
  silent: boolean;
  /** The next push lands, but its answer is lost and the remote stays away for this call: REMOTE_UNREACHABLE. */
  loseNextAnswer: boolean;
  /** Called before each push, after the change was built: a place to let another one win the race. */
  beforePush: (() => Promise<void> | void) | null;
  /** How many pushes landed. */
  pushes: number;
}

interface Commit {
  readonly id: CommitId;
  readonly parent: CommitId | null;
  readonly files: Files;
}

class Shared {
  /** Bytes by the id that git would give them. */
  readonly blobs = new Map<BlobId, Uint8Array>();

  constructor(readonly commits = new Map<CommitId, Commit>()) {}

  keep(bytes: Uint8Array): BlobId {
    const id = blobIdOf(bytes);
    this.blobs.set(id, bytes);
    return id;
  }

  add(parent: CommitId | null, files: Files, message: string): Commit {
    const before: Files = (parent === null ? null : this.commits.get(parent)?.files) ?? new Map();
    const hash = createHash('sha1').update(`${parent}\n${message}\n${this.commits.size}\n`);
    // The parent's id stands for what did not change.
    for (const path of before.keys()) if (!files.has(path)) hash.update(`without ${path}\n`);
    for (const [path, bytes] of files) if (before.get(path) !== bytes) hash.update(`${path}\n`).update(bytes);
    const commit = { id: hash.digest('hex') as CommitId, parent, files };
    this.commits.set(commit.id, commit);
    return commit;
  }

  filesAt(id: CommitId | null): Files {
    if (id === null) return new Map();
    const commit = this.commits.get(id);
    if (!commit) throw new CustodyError('NOT_FOUND', `no commit ${id}`);
    return commit.files;
  }

  /** First commit to `head`. */
  line(head: CommitId | null): CommitId[] {
    const ids: CommitId[] = [];
    for (let id = head; id !== null; id = this.commits.get(id)?.parent ?? null) ids.push(id);
    return ids.reverse();
  }
}

export const createMemoryRemote = (): MemoryRemote => remoteOver(new Shared(), null);

function remoteOver(shared: Shared, start: CommitId | null): MemoryRemote {
  let head = start;
  const remote: MemoryRemote = {
    client: () => new MemoryClient(shared, remote, (id) => (head = id)),
    copy: () => remoteOver(new Shared(new Map(shared.commits)), head),
    head: () => head,
    files: (at) => shared.filesAt(at ?? head),
    force: (files, parent = head) => (head = shared.add(parent, new Map(files), 'forced').id),
    rewind: (id) => {
      head = id;
    },
    unreachable: false,
    silent: false,
    loseNextAnswer: false,
    beforePush: null,
    pushes: 0,
  };
  return remote;
}

class MemoryClient implements RecordStore {
  #head: CommitId | null = null;
  #waiting: Files = new Map();

  constructor(
    private readonly shared: Shared,
    private readonly remote: MemoryRemote,
    private readonly setRemoteHead: (id: CommitId) => void,
  ) {}

  async sync(): Promise<View> {
    this.#contact();
    const line = this.shared.line(this.remote.head());
    const at = this.#head === null ? -1 : line.indexOf(this.#head);
    if (this.#head !== null && at < 0) throw new CustodyError('HISTORY_REWRITTEN', 'the remote does not go forward');
    for (const id of line.slice(at + 1)) this.#check(id);
    this.#head = this.remote.head();
    this.#dropArrived();
    return this.#view(this.#head);
  }

  async local(): Promise<View> {
    return this.#view(this.#head);
  }

  async at(head: CommitId): Promise<View> {
    if (!this.shared.line(this.#head).includes(head)) throw new CustodyError('NOT_FOUND', `no commit ${quoted(head)}`);
    return this.#view(head);
  }

  async outbox(): Promise<Files> {
    return new Map(this.#waiting);
  }

  async publish(build: BuildChange, options: PublishOptions = {}): Promise<Published> {
    if (options.onlyOn !== undefined && options.onlyOn !== this.#head) throw conflict(options.onlyOn);
    for (let attempt = 0; attempt < 1000; attempt++) {
      const view = this.#view(this.#head);
      const change = await build(view);
      const staged = [...(change.staged ?? [])].map(([path, id]) => [path, this.#bytesOf(id)] as const);
      const present = this.shared.filesAt(view.head);
      const files = newFiles(present, { ...change, files: new Map([...change.files, ...staged]) });
      const removed = (change.removed ?? []).filter((path) => present.has(path));
      if (removed.some(isImmutable)) throw new CustodyError('CONFLICT', 'a file that must stay is removed');
      if (files.size + removed.length === 0) return this.#nothingNew(view.head);
      try {
        const commit = await this.#push(view.head, files, change.message, removed);
        if (commit !== null) return { commit, pushed: true };
        if (options.onlyOn !== undefined) throw conflict(options.onlyOn);
        await this.sync();
      } catch (cause) {
        return this.#wait(cause, files, options);
      }
    }
    throw new CustodyError('CONFLICT', 'the head moved too often');
  }

  async history(head: CommitId): Promise<readonly CommitId[]> {
    const line = this.shared.line(this.#head);
    const at = line.indexOf(head);
    if (at < 0) throw new CustodyError('NOT_FOUND', `no commit ${quoted(head)}`);
    return line.slice(0, at + 1);
  }

  async foldersAt(
    questions: readonly { readonly commit: CommitId; readonly folder: string }[],
  ): Promise<readonly (ReadonlySet<string> | null)[]> {
    const known = new Set(this.shared.line(this.#head));
    return questions.map(({ commit, folder }) => {
      if (!known.has(commit)) return null;
      const paths = pathsBelow([...this.shared.filesAt(commit).keys()].sort(), `${folder}/`);
      const names = paths.map((path) => path.slice(folder.length + 1));
      return new Set(names.filter((name) => !name.includes('/')));
    });
  }

  async stage(): Promise<Stage> {
    return { put: async (bytes) => this.shared.keep(Uint8Array.from(bytes)), end: async () => undefined };
  }

  async changesUnder(head: CommitId, folders: readonly string[]): Promise<readonly FolderChange[]> {
    const below = (path: string) => folders.some((folder) => path.startsWith(`${folder}/`));
    let before: Files = new Map();
    const changes: FolderChange[] = [];
    for (const commit of await this.history(head)) {
      const now = this.shared.filesAt(commit);
      const fresh = [...now].filter(([path, bytes]) => below(path) && !same(before.get(path), bytes));
      const gone = [...before.keys()].filter((path) => below(path) && !now.has(path));
      const files = [
        ...fresh.map(([path, bytes]) => ({ path, blob: this.shared.keep(bytes) })),
        ...gone.map((path) => ({ path, blob: null })),
      ];
      if (files.length > 0) changes.push({ commit, files });
      before = now;
    }
    return changes;
  }

  async readBlobs(ids: readonly BlobId[], visit: (id: BlobId, bytes: Uint8Array) => void): Promise<void> {
    for (const id of ids) visit(id, this.#bytesOf(id));
  }

  #bytesOf(id: BlobId): Uint8Array {
    const bytes = this.shared.blobs.get(id);
    if (bytes === undefined) throw new CustodyError('TREE_MALFORMED', `no blob ${id}`);
    return bytes;
  }

  async #push(
    parent: CommitId | null,
    files: Files,
    message: string,
    removed: readonly string[],
  ): Promise<CommitId | null> {
    await this.remote.beforePush?.();
    this.#contact();
    if (this.remote.head() !== parent) return null;
    const all = new Map([...this.shared.filesAt(parent), ...files]);
    for (const path of removed) all.delete(path);
    const commit = this.shared.add(parent, all, message);
    this.setRemoteHead(commit.id);
    this.remote.pushes++;
    if (this.remote.loseNextAnswer) {
      this.remote.loseNextAnswer = false;
      throw new CustodyError('REMOTE_UNREACHABLE', 'the answer to a push was lost');
    }
    this.#head = commit.id;
    this.#dropArrived();
    return commit.id;
  }

  #wait(cause: unknown, files: Files, options: PublishOptions): Published {
    const records = [...files].filter(([path]) => path.startsWith('records/'));
    const offline = cause instanceof CustodyError && ['REMOTE_UNREACHABLE', 'TIMEOUT'].includes(cause.code);
    if (!offline || options.mayWait !== true || records.length === 0) throw cause;
    this.#waiting = new Map([...this.#waiting, ...records]);
    return { commit: this.shared.add(null, this.#waiting, 'waiting').id, pushed: false };
  }

  #nothingNew(head: CommitId | null): Published {
    if (head === null) throw new CustodyError('BUG', 'nothing to publish');
    this.#dropArrived();
    return { commit: head, pushed: true };
  }

  #check(id: CommitId): void {
    const commit = this.shared.commits.get(id);
    const files = this.shared.filesAt(id);
    for (const [path, bytes] of this.shared.filesAt(commit?.parent ?? null)) {
      if (isImmutable(path) && !same(files.get(path), bytes)) {
        throw new CustodyError('HISTORY_REWRITTEN', `${path} was changed`, { details: { path } });
      }
    }
    for (const path of files.keys()) assertTreePath(path);
    assertFiles(files);
  }

  #dropArrived(): void {
    const files = this.shared.filesAt(this.#head);
    this.#waiting = new Map([...this.#waiting].filter(([path]) => !files.has(path)));
  }

  #contact(): void {
    if (this.remote.silent) throw new CustodyError('TIMEOUT', 'no answer of the remote in time');
    if (this.remote.unreachable) throw new CustodyError('REMOTE_UNREACHABLE', 'the remote cannot be reached');
  }

  #view(head: CommitId | null): View {
    const files = this.shared.filesAt(head);
    const paths = [...files.keys()].sort();
    return {
      head,
      paths: async () => paths,
      pathsUnder: async (prefix) => pathsBelow(paths, prefix),
      read: async (wanted) => new Map(wanted.map((path) => [path, existing(files, path)])),
    };
  }
}

function existing(files: Files, path: string): Uint8Array {
  const bytes = files.get(path);
  if (bytes === undefined) throw new CustodyError('NOT_FOUND', `no file ${quoted(path)}`);
  return bytes;
}

/** What `change` adds to `present`; a file that is there with other bytes is a CONFLICT. */
function newFiles(present: Files, change: Change): Files {
  assertFiles(change.files);
  const added = new Map<string, Uint8Array>();
  for (const [path, bytes] of change.files) {
    const before = present.get(path);
    if (before === undefined) added.set(path, Uint8Array.from(bytes));
    else if (!same(before, bytes) && !isImmutable(path)) added.set(path, Uint8Array.from(bytes));
    else if (!same(before, bytes))
      throw new CustodyError('CONFLICT', `${path} exists with other content`, { details: { path } });
  }
  return added;
}

function same(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left !== undefined && Buffer.from(left).equals(right);
}

function conflict(onlyOn: CommitId): CustodyError {
  return new CustodyError('CONFLICT', `the head is no longer ${onlyOn}`);
}
