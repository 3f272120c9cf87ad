import type { Digest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { integer, object, readFields } from '../base/fields.js';
import { digest } from '../base/readers.js';
import { type AppendOptions, appendEvents } from './append.js';
import { EMPTY_HEAD, parseEntry, sameHead } from './chain.js';
import { entryDigest, type LedgerEvent } from './entry.js';
import type { LedgerHead, LedgerStore } from './store.js';
import { type LedgerTree, readLedgerEntries, readLedgerHead } from './view.js';

/**
 * Entries of the repository's chain, carried into an audit ledger: told again with their place in that chain, in its
 * order, each once.
 */

/** A ledger that knows how far it has told of the repository's chain, without its entries being read. */
export interface CarryingLedger extends LedgerStore {
  /** Where the repository's chain ended when the last of its entries was carried. */
  carried(): Promise<LedgerHead>;
}

const PLACE = object({ sequence: integer(0, 999_999_999), digest });
/** Appears in every carried entry. */
const CARRIED_MARK = Buffer.from('"repository":{"digest":"sha256:');
const MOST_AT_ONCE = 1_000;

/** An entry of the repository's chain as the audit ledger tells of it. */
export function carriedEvent(stored: Uint8Array): LedgerEvent {
  const { schema: _, previous: _previous, sequence, ...event } = parseEntry(stored);
  return { ...event, facts: { ...event.facts, repository: { sequence, digest: entryDigest(stored) } } };
}

/** Whether there may be a carried entry among these bytes of one or many: most batches hold uses of keys alone. */
export function tellsOfRepository(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(CARRIED_MARK);
}

/** The place of a carried entry in the repository's chain; null for an entry of the ledger's own. @throws CustodyError RECORD_MALFORMED */
export function placeOf(stored: Uint8Array): { readonly sequence: number; readonly digest: Digest } | null {
  if (!tellsOfRepository(stored)) return null;
  const { repository } = parseEntry(stored).facts;
  return repository === undefined ? null : readFields(PLACE, repository, 'carried entry', 'RECORD_MALFORMED');
}

/**
 * How far the repository's chain is told of after `entries`.
 * @throws CustodyError LEDGER_BROKEN when they skip an entry of it, or tell of one again
 */
export function carriedAfter(entries: readonly Uint8Array[], before: LedgerHead): LedgerHead {
  let head = before;
  for (const place of entries.map(placeOf)) {
    if (place === null) continue;
    if (place.sequence !== head.size) {
      const what = `entry ${place.sequence} of the repository's chain, expected entry ${head.size}`;
      throw new CustodyError('LEDGER_BROKEN', `the audit ledger would tell of ${what}`);
    }
    head = { size: head.size + 1, digest: place.digest };
  }
  return head;
}

/**
 * Tells the audit ledger of what the repository's chain has and it has not. Run again after a crash, or beside another
 * run, it tells of nothing twice.
 * @returns how many entries were carried
 * @throws CustodyError LEDGER_BROKEN when the two chains part; what the store throws
 */
export async function carry(ledger: CarryingLedger, tree: LedgerTree, options: AppendOptions): Promise<number> {
  const { size } = await readLedgerHead(tree);
  for (let count = 0; ; ) {
    const { entries } = await appendEvents(ledger, async () => missing(tree, await ledger.carried(), size), options);
    if (entries.length === 0) return count;
    count += entries.length;
  }
}

async function missing(tree: LedgerTree, carried: LedgerHead, size: number): Promise<readonly LedgerEvent[]> {
  if (carried.size > size) {
    const found = `tells of ${carried.size} entries of the repository's chain, which has ${size}`;
    throw new CustodyError('LEDGER_BROKEN', `the audit ledger ${found}`, {
      suggestions: ['This repository was cut or rolled back: compare it with the clone of another custodian.'],
    });
  }
  const before = carried.size === 0 ? [] : await readLedgerEntries(tree, carried.size - 1, carried.size);
  const found = before[0] === undefined ? EMPTY_HEAD : { size: carried.size, digest: entryDigest(before[0]) };
  if (!sameHead(found, carried)) {
    const what = `entry ${carried.size - 1} of the repository's chain is ${found.digest}, carried was ${carried.digest}`;
    throw new CustodyError('LEDGER_BROKEN', what);
  }
  const stored = await readLedgerEntries(tree, carried.size, Math.min(size, carried.size + MOST_AT_ONCE));
  return stored.map(carriedEvent);
}
