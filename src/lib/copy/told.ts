import { digestOf, isDigest } from '../base/bytes.js';
import { parseEntry } from '../ledger/chain.js';
import type { LedgerEntry } from '../ledger/entry.js';
import type { View } from '../record/store.js';
import { COPY_FOLDER, copyPath } from './copy.js';

/** The copies that a repository keeps, held against what its ledger tells of them. */
export interface ToldCopies {
  readonly kept: number;
  /** The first copy that is not told of, is another one than was told of, or is told of and gone; null when there is none. */
  readonly fault: string | null;
}

const MARK = '"kind":"copy"';

/** @param stored every entry of the ledger, as it is stored */
export async function compareTold(
  view: Pick<View, 'pathsUnder' | 'read'>,
  stored: readonly Uint8Array[],
): Promise<ToldCopies> {
  const files = await view.read(await view.pathsUnder(`${COPY_FOLDER}/`));
  const digests = new Map([...files].map(([path, bytes]) => [path, digestOf(bytes)] as const));
  const told = copyEntries(stored).map((entry) => [pathIn(entry), entry.facts.copy] as const);
  const places = new Set(told.map(([path]) => path));
  const [gone] = told.find(([path]) => !digests.has(path)) ?? [];
  const [other] = told.find(([path, digest]) => digests.get(path) !== digest) ?? [];
  const untold = [...digests.keys()].find((path) => !places.has(path));
  const fault =
    (gone && `the ledger tells of ${gone}, which is not there`) ??
    (other && `${other} is another file than the ledger tells of`) ??
    (untold && `the ledger does not tell of ${untold}`);
  return { kept: files.size, fault: fault ?? null };
}

function copyEntries(stored: readonly Uint8Array[]): readonly LedgerEntry[] {
  // Kinds are never free text: most entries need not be parsed.
  const marked = stored.filter((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(MARK));
  return marked.map((bytes) => parseEntry(bytes)).filter(({ kind }) => kind === 'copy');
}

/** Of an entry that names no copy at all, its own place in the ledger. */
function pathIn({ facts, sequence }: LedgerEntry): string {
  const { key, commitment } = facts;
  return typeof key === 'string' && isDigest(commitment) ? copyPath(key, commitment) : `no copy in entry ${sequence}`;
}
