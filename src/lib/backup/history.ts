import { type Digest, digestOf } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { BlobId, CommitId, FolderChange, RecordStore } from '../record/store.js';
import type { StatementSignerIdentity, StatementVerifier } from '../signing/statement-signer.js';
import { type BackupStatement, parseBackupStatement } from './manifest.js';
import { BACKUP_FOLDER, HEARTBEAT_PATH, MANIFEST_PATH, SUMS_PATH } from './paths.js';
import { type NextSums, SumsReader } from './sums.js';

/** A repository of backups, read from its first commit on: what each commit did, and digests of everything that ever lay in it. */
export interface History {
  readonly changes: readonly FolderChange[];
  /** SHA-256 of every blob but lists, which are read when their turn comes. */
  readonly digests: ReadonlyMap<BlobId, Digest>;
  readonly seals: ReadonlyMap<BlobId, OpenSeal | CustodyError>;
}

/** A bundle that verifies, or why it does not. */
export interface OpenSeal {
  readonly digest: Digest;
  readonly statement: BackupStatement;
  readonly signer: StatementSignerIdentity;
}

/** A list as it lay there, or why it is none. */
export interface OpenSums {
  readonly digest: Digest;
  readonly sums: NextSums | CustodyError;
}

const RULES = ['roster', 'plan'] as const;

/**
 * Reads it once, in the order in which it was written; each signature is verified once. Blobs of one id are the same bytes:
 * each is read and hashed once, however many backups hold it.
 */
export async function readHistory(store: RecordStore, head: CommitId, verifier: StatementVerifier): Promise<History> {
  const changes = await store.changesUnder(head, [BACKUP_FOLDER, ...RULES]);
  const sealed = new Set<BlobId>();
  const plain = new Set<BlobId>();
  for (const { files } of changes) {
    for (const { path, blob } of files) {
      if (blob === null || path === SUMS_PATH || !path.startsWith(`${BACKUP_FOLDER}/`)) continue;
      if (path === MANIFEST_PATH || path === HEARTBEAT_PATH) sealed.add(blob);
      else plain.add(blob);
    }
  }
  const digests = new Map<BlobId, Digest>();
  const seals = new Map<BlobId, OpenSeal | CustodyError>();
  const opening: Promise<unknown>[] = [];
  // Seals first: other threads verify them while Git gives the rest.
  await store.readBlobs([...new Set([...sealed, ...plain])], (id, bytes) => {
    const digest = digestOf(bytes);
    digests.set(id, digest);
    if (!sealed.has(id)) return;
    const opened = openSeal(bytes, digest, verifier).then((seal) => seals.set(id, seal));
    // Where reading fails first, nobody asks for this any more.
    opened.catch(() => undefined);
    opening.push(opened);
  });
  await Promise.all(opening);
  return { changes, digests, seals };
}

async function openSeal(
  bytes: Uint8Array,
  digest: Digest,
  verifier: StatementVerifier,
): Promise<OpenSeal | CustodyError> {
  try {
    const { statement, signer } = await verifier.open(bytes);
    return { digest, statement: parseBackupStatement(statement, 'what it signs'), signer };
  } catch (cause) {
    if (cause instanceof CustodyError) return cause;
    throw cause;
  }
}

/**
 * Hands over what each commit did, with its list where that changed, one after another: all lists of all times would be too
 * much to hold.
 */
export async function walk(
  store: RecordStore,
  { changes }: Pick<History, 'changes'>,
  visit: (change: FolderChange, list: OpenSums | null) => void,
): Promise<void> {
  const lists = changes.flatMap(({ files }) =>
    files.flatMap(({ path, blob }) => (path === SUMS_PATH && blob !== null ? [blob] : [])),
  );
  const reader = new SumsReader();
  let next = 0;
  const upTo = (list: OpenSums | null): void => {
    for (; next < changes.length; next++) {
      const change = changes[next];
      if (change === undefined) return;
      const hasList = change.files.some(({ path, blob }) => path === SUMS_PATH && blob !== null);
      if (hasList && list === null) return;
      visit(change, hasList ? list : null);
      if (hasList) {
        next++;
        return;
      }
    }
  };
  await store.readBlobs(lists, (_, bytes) => upTo(openSums(bytes, reader)));
  upTo(null);
}

function openSums(bytes: Uint8Array, reader: SumsReader): OpenSums {
  const digest = digestOf(bytes);
  try {
    return { digest, sums: reader.read(bytes, SUMS_PATH) };
  } catch (cause) {
    if (cause instanceof CustodyError) return { digest, sums: cause };
    throw cause;
  }
}
