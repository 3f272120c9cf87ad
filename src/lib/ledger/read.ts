import { parseEntry } from './chain.js';
import type { EntryKind, LedgerEntry } from './entry.js';
import type { LedgerHead } from './store.js';

/** A ledger to be read, whatever keeps it. */
export interface LedgerReader {
  head(): Promise<LedgerHead>;
  /** Bytes of entries `from` (inclusive) to `to` (exclusive), in order. @throws CustodyError LEDGER_BROKEN */
  read(from: number, to: number): Promise<readonly Uint8Array[]>;
}

/** Which entries are wanted; what is null is not asked. */
export interface EntryFilter {
  readonly kind: EntryKind | null;
  readonly by: string | null;
  readonly requestId: string | null;
  /** What the entry's facts name as its key: plan name, alias, key id or ARN. */
  readonly key: string | null;
  /** The first instant, and the one after the last. */
  readonly since: string | null;
  readonly until: string | null;
}

/** Whether an entry is among those that were asked for. */
export function passes(entry: LedgerEntry, { kind, by, requestId, key, since, until }: EntryFilter): boolean {
  return (
    (kind === null || entry.kind === kind) &&
    (by === null || entry.by === by) &&
    (requestId === null || entry.requestId === requestId) &&
    (key === null || Object.entries(entry.facts).some(([name, value]) => name.startsWith('key') && value === key)) &&
    (since === null || entry.at >= since) &&
    (until === null || entry.at < until)
  );
}

/** Entries are read in pieces of this many, so that memory does not grow with the ledger. */
const PIECE = 1000;

/** The wanted entries from `from` to `to` (exclusive), in order. @throws CustodyError RECORD_MALFORMED, LEDGER_BROKEN */
export async function* entriesOf(
  reader: LedgerReader,
  range: { readonly from: number; readonly to: number },
  filter: EntryFilter,
): AsyncGenerator<LedgerEntry> {
  for (let from = range.from; from < range.to; from += PIECE) {
    const stored = await reader.read(from, Math.min(range.to, from + PIECE));
    for (const [at, bytes] of stored.entries()) {
      const entry = parseEntry(bytes, `entry ${from + at}`);
      if (passes(entry, filter)) yield entry;
    }
  }
}
