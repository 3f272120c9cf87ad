import type { Digest } from '../base/bytes.js';
import type { Turn } from './turn.js';

/** Where a chain ends: how many entries it has and the digest of the last one. */
export interface LedgerHead {
  readonly size: number;
  readonly digest: Digest | null;
}

/** PORT: where entries are kept. Bytes are stored and given back as they are; meaning is the chain's. */
export interface LedgerStore {
  head(): Promise<LedgerHead>;
  /** Bytes of entries `from` (inclusive) to `to` (exclusive), in order. @throws CustodyError LEDGER_BROKEN for a gap */
  read(from: number, to: number): Promise<readonly Uint8Array[]>;
  /** Adds entries if the chain still ends at `expected`. @throws CustodyError CONFLICT when it does not */
  append(entries: readonly Uint8Array[], expected: LedgerHead): Promise<LedgerHead>;
  /** Where writers compete for the next place; a store that puts them in order itself has none. */
  readonly turn?: Turn;
}
