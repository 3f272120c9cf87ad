import { CustodyError } from '../../src/lib/base/errors.js';
import { EMPTY_HEAD, headAfter, sameHead } from '../../src/lib/ledger/chain.js';
import type { LedgerStore } from '../../src/lib/ledger/store.js';

/** A ledger in memory; `entries` can be tampered with by a test. */
export function createMemoryLedgerStore(entries: Uint8Array[] = []): LedgerStore {
  const head = () => headAfter(EMPTY_HEAD, entries);
  return {
    head: async () => head(),
    read: async (from, to) => {
      if (to > entries.length) throw new CustodyError('LEDGER_BROKEN', `the ledger has no entry ${to - 1}`);
      return entries.slice(from, to);
    },
    append: async (added, expected) => {
      if (!sameHead(head(), expected)) throw new CustodyError('CONFLICT', 'the ledger has moved');
      entries.push(...added);
      return head();
    },
  };
}
