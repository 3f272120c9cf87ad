import { CustodyError } from '../base/errors.js';
import { type Clock, millisOf } from '../base/time.js';
import type { BlobId, Candidate, Change, CommitId, Files, FolderChange, Stage, View } from '../record/store.js';
import { visitObjects } from './batch.js';
import {
  type Delta,
  EMPTY_LISTING,
  type Listing,
  listTree,
  readFiles,
  readFolders,
  readLine,
  writeCommit,
} from './objects.js';
import { readChanges } from './range.js';
import { type Refs, readRefs, updateRefs } from './refs.js';
import type { GitProcess } from './spawn.js';
import { openStage } from './stage.js';
import { assertBlobSize, assertFiles, isImmutable, pathsBelow, quoted } from './tree.js';

export interface Identity {
  readonly name: string;
  readonly email: string;
}

const LISTINGS_KEPT = 8;
/** The largest that any path may have (tree.ts); what a path allows was judged when it was fetched. */
const MAX_ANY_BLOB_BYTES = 64 * 1024 * 1024;

/** The commits up to main, oldest first. */
interface Line {
  readonly commits: readonly CommitId[];
  readonly known: ReadonlySet<CommitId>;
}

/** The verified line of commits of one clone, read and written without the network. */
export class Repository {
  readonly #listings = new Map<CommitId, Promise<Listing>>();
  #line: { readonly head: CommitId; readonly read: Promise<Line> } | null = null;

  constructor(
    readonly git: GitProcess,
    private readonly clock: Clock,
    private readonly identity: Identity,
  ) {}

  refs(): Promise<Refs> {
    return readRefs(this.git);
  }

  view(head: CommitId | null): View {
    return {
      head,
      paths: async () => (await this.listing(head)).paths,
      pathsUnder: async (prefix) => pathsBelow((await this.listing(head)).paths, prefix),
      read: async (paths) => readFiles(this.git, await this.listing(head), paths),
    };
  }

  /** Only commits of the verified line count: the clone may also hold objects of a history that was refused. */
  async line(main: CommitId | null): Promise<Line> {
    if (main === null) return { commits: [], known: new Set() };
    if (this.#line?.head !== main) {
      const read = readLine(this.git, main).then((commits) => ({ commits, known: new Set(commits) }));
      this.#line = { head: main, read };
    }
    return this.#line.read;
  }

  /** @throws CustodyError NOT_FOUND for a commit that is not in the verified line */
  async assertKnown(head: CommitId): Promise<void> {
    assertIn(await this.line((await this.refs()).main), head);
  }

  /** What fetched commits would be if main were at `head`. */
  candidate(main: CommitId | null, head: CommitId): Candidate {
    const line = {
      history: (of: CommitId) => this.history(of, head),
      foldersAt: (questions: Questions) => this.folders(questions, head),
    };
    return { view: this.view(head), before: this.view(main), line };
  }

  /** The commits up to `head`, oldest first. @param main where the line ends that counts */
  async history(head: CommitId, main: CommitId | null): Promise<readonly CommitId[]> {
    const line = await this.line(main);
    assertIn(line, head);
    return line.commits.slice(0, line.commits.indexOf(head) + 1);
  }

  /** @param main where the line ends that counts */
  async folders(questions: Questions, main: CommitId | null): Promise<readonly (ReadonlySet<string> | null)[]> {
    const { known } = await this.line(main);
    const asked = questions.filter(({ commit, folder }) => known.has(commit) && isFolder(folder));
    const answers = new Map((await readFolders(this.git, asked)).map((names, at) => [asked[at], names]));
    return questions.map((question) =>
      known.has(question.commit) ? (answers.get(question) ?? new Set<string>()) : null,
    );
  }

  /**
   * What `change` does to the files of `head`.
   * @throws CustodyError CONFLICT for a path that may not change and is there with other bytes, TREE_MALFORMED
   */
  async deltaOf(head: CommitId | null, change: Change): Promise<Delta> {
    assertFiles(change.files);
    const { blobs } = await this.listing(head);
    const present = [...change.files.keys()].filter((path) => blobs.has(path));
    const before = await this.view(head).read(present);
    const changed = present.filter((path) => !sameBytes(before.get(path), change.files.get(path)));
    const { staged = new Map<string, BlobId>(), removed = [] } = change;
    assertMayChange([...changed, ...staged.keys(), ...removed].find((path) => isImmutable(path)));
    return {
      files: new Map([...change.files].filter(([path]) => !blobs.has(path) || changed.includes(path))),
      staged: new Map([...staged].filter(([path, blob]) => blobs.get(path) !== blob)),
      removed: removed.filter((path) => blobs.has(path)),
    };
  }

  commit(parent: CommitId | null, delta: Partial<Delta>, message: string): Promise<CommitId> {
    const { files = new Map(), staged = new Map(), removed = [] } = delta;
    const atSeconds = Math.floor(millisOf(this.clock.now()) / 1000);
    return writeCommit(this.git, { parent, files, staged, removed, message, identity: this.identity, atSeconds });
  }

  /** Bytes that the newest commit has already are not written again. */
  async stage(): Promise<Stage> {
    const { blobs } = await this.listing((await this.refs()).main);
    return openStage(this.git, new Set(blobs.values()));
  }

  async changesUnder(head: CommitId, folders: readonly string[]): Promise<readonly FolderChange[]> {
    await this.assertKnown(head);
    const asked = folders.filter(isFolder);
    return asked.length === 0 ? [] : readChanges(this.git, head, asked);
  }

  readBlobs(ids: readonly BlobId[], visit: (id: BlobId, bytes: Uint8Array) => void): Promise<void> {
    return visitObjects(this.git, ids, {
      maxBytes: MAX_ANY_BLOB_BYTES,
      tooLarge: (_, size) => {
        assertBlobSize(size, '');
        throw new CustodyError('BUG', 'a blob is both too large and not');
      },
      visit: (object, at) => {
        const id = ids[at];
        if (object?.type !== 'blob' || id === undefined)
          throw new CustodyError('TREE_MALFORMED', `${ids[at]} is no blob of this clone`);
        visit(id, object.bytes);
      },
    });
  }

  async outbox(refs: Refs): Promise<Files> {
    const view = this.view(refs.outbox);
    return view.read(await view.paths());
  }

  /** Adds files to the outbox. @throws CustodyError CONFLICT for a path that waits with other bytes */
  async wait(refs: Refs, files: Files): Promise<Refs> {
    const waiting = new Map(await this.outbox(refs));
    for (const [path, bytes] of files) {
      const before = waiting.get(path);
      if (before && !sameBytes(before, bytes)) throw new CustodyError('CONFLICT', `${path} waits with other content`);
      waiting.set(path, bytes);
    }
    return updateRefs(this.git, refs, {
      outbox: await this.commit(null, { files: waiting }, 'waiting to be published'),
    });
  }

  /** Moves main to a verified or acknowledged head; what has arrived there leaves the outbox in the same step. */
  async moveTo(refs: Refs, main: CommitId | null): Promise<Refs> {
    return updateRefs(this.git, refs, { main, outbox: await this.#remaining(refs, main) });
  }

  async #remaining(refs: Refs, main: CommitId | null): Promise<CommitId | null> {
    if (refs.outbox === null) return null;
    const [waiting, there] = await Promise.all([this.listing(refs.outbox), this.listing(main)]);
    const left = waiting.paths.filter((path) => there.blobs.get(path) !== waiting.blobs.get(path));
    if (left.length === waiting.paths.length) return refs.outbox;
    if (left.length === 0) return null;
    const files = await this.view(refs.outbox).read(left);
    return this.commit(null, { files }, 'waiting to be published');
  }

  listing(head: CommitId | null): Promise<Listing> {
    if (head === null) return Promise.resolve(EMPTY_LISTING);
    const kept = this.#listings.get(head);
    if (kept) return kept;
    const oldest = this.#listings.size >= LISTINGS_KEPT ? this.#listings.keys().next().value : undefined;
    if (oldest !== undefined) this.#listings.delete(oldest);
    const listing = listTree(this.git, head);
    this.#listings.set(head, listing);
    return listing;
  }
}

type Questions = readonly { readonly commit: CommitId; readonly folder: string }[];

function assertIn({ known }: Line, head: CommitId): void {
  if (!known.has(head)) throw new CustodyError('NOT_FOUND', `commit ${quoted(head)} is not in this clone's history`);
}

/** What may follow `<commit>:` in a question to git. */
function isFolder(folder: string): boolean {
  return /^[a-z0-9-]+(?:\/[a-z0-9-]+)*$/.test(folder);
}

function sameBytes(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left !== undefined && right !== undefined && Buffer.compare(left, right) === 0;
}

function assertMayChange(path: string | undefined): void {
  if (path === undefined) return;
  throw new CustodyError('CONFLICT', `${path} exists with other content`, { details: { path } });
}
