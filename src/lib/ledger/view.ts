import { CustodyError } from '../base/errors.js';
import { type ChainFault, EMPTY_HEAD, parseEntry, verifyChain } from './chain.js';
import { entryDigest, type LedgerEntry } from './entry.js';
import { LEDGER_FOLDER, ledgerPath, sequenceOf } from './paths.js';
import type { LedgerHead } from './store.js';

/** What the ledger needs of a repository at one commit; a record View is one. */
export interface LedgerTree {
  pathsUnder(prefix: string): Promise<readonly string[]>;
  read(paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
}

/**
 * Where the ledger of a repository ends. Reads one entry only.
 * @throws CustodyError LEDGER_BROKEN when entries are missing between the first and the last (T39)
 */
export async function readLedgerHead(tree: LedgerTree): Promise<LedgerHead> {
  const paths = await tree.pathsUnder(`${LEDGER_FOLDER}/`);
  const last = paths.at(-1);
  if (last === undefined) return EMPTY_HEAD;
  // The paths are distinct and sort by sequence: the last is number count − 1 only when none is missing.
  if (last !== ledgerPath(paths.length - 1)) {
    throw new CustodyError('LEDGER_BROKEN', `the ledger has ${paths.length} entries, but its last one is ${last}`);
  }
  const bytes = (await tree.read([last])).get(last);
  if (bytes === undefined) throw new CustodyError('LEDGER_BROKEN', `${last} cannot be read`);
  return { size: paths.length, digest: entryDigest(bytes) };
}

/**
 * Bytes of the entries `from` (inclusive) to `to` (exclusive), in order.
 * @throws CustodyError LEDGER_BROKEN for a gap
 */
export async function readLedgerEntries(tree: LedgerTree, from: number, to: number): Promise<readonly Uint8Array[]> {
  const paths = Array.from({ length: Math.max(0, to - from) }, (_, at) => ledgerPath(from + at));
  const present = new Set(await tree.pathsUnder(`${LEDGER_FOLDER}/`));
  const missing = paths.find((path) => !present.has(path));
  if (missing !== undefined) throw new CustodyError('LEDGER_BROKEN', `the ledger has no ${missing}`);
  const files = await tree.read(paths);
  return paths.map((path) => {
    const bytes = files.get(path);
    if (bytes === undefined) throw new CustodyError('LEDGER_BROKEN', `${path} cannot be read`);
    return bytes;
  });
}

/**
 * The entries after those of `before`, which must be linked to them; null stands for no entries at all.
 * @throws CustodyError LEDGER_BROKEN for a gap, a link that does not hold or what is no entry
 */
export async function readLinkedEntries(before: LedgerTree | null, after: LedgerTree): Promise<readonly LedgerEntry[]> {
  const [from, to] = [before === null ? EMPTY_HEAD : await readLedgerHead(before), await readLedgerHead(after)];
  if (to.size === from.size) return [];
  const stored = await readLedgerEntries(after, from.size, to.size);
  const { verdict, faults } = verifyChain(stored, { from });
  if (verdict !== 'verified') {
    const what = faults[0] ? linkFault(faults[0]) : `the ledger has ${to.size} entries, and had ${from.size}`;
    throw new CustodyError('LEDGER_BROKEN', what, { details: { faults } });
  }
  return stored.map((bytes) => parseEntry(bytes));
}

/** What is wrong, by the files that it may be the fault of: a link that does not hold is one of two. */
export function linkFault({ sequence, message }: ChainFault): string {
  const before = sequence > 0 ? `, after ${ledgerPath(sequence - 1)}` : '';
  return `${ledgerPath(sequence)}${before}: ${message}`;
}

/** What is left of a ledger with gaps, each entry at its place, and the first place where one is missing; null when none is. */
export async function readPresentEntries(
  tree: LedgerTree,
): Promise<{ readonly entries: readonly (readonly [number, Uint8Array])[]; readonly gap: string | null }> {
  const places = new Map<string, number>();
  for (const path of await tree.pathsUnder(`${LEDGER_FOLDER}/`)) {
    const place = sequenceOf(path);
    if (place !== null) places.set(path, place);
  }
  const files = await tree.read([...places.keys()]);
  const entries: (readonly [number, Uint8Array])[] = [];
  for (const [path, place] of places) {
    const bytes = files.get(path);
    if (bytes !== undefined) entries.push([place, bytes]);
  }
  const first = entries.findIndex(([place], at) => place !== at);
  return { entries, gap: first === -1 ? null : ledgerPath(first) };
}

/** The files that keep `entries` after `head`. */
export function ledgerFiles(head: LedgerHead, entries: readonly Uint8Array[]): ReadonlyMap<string, Uint8Array> {
  return new Map(entries.map((bytes, at) => [ledgerPath(head.size + at), bytes]));
}
