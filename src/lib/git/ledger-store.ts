import { CustodyError } from '../base/errors.js';
import { headAfter, sameHead } from '../ledger/chain.js';
import type { LedgerHead, LedgerStore } from '../ledger/store.js';
import { ledgerFiles, readLedgerEntries, readLedgerHead } from '../ledger/view.js';
import type { RecordStore } from '../record/store.js';

/**
 * The ledger in the shared repository: one commit an append. `head` asks the remote, for a stale head could only lead to
 * a CONFLICT; `read` answers from this clone. Flows that write records add their entries to the same commit instead.
 */
export function createGitLedgerStore(records: RecordStore): LedgerStore {
  return {
    head: async () => readLedgerHead(await records.sync()),
    read: async (from, to) => readLedgerEntries(await records.local(), from, to),
    append: async (entries, expected) => {
      if (entries.length === 0) return expectHead(await readLedgerHead(await records.sync()), expected);
      await records.publish(async (view) => {
        expectHead(await readLedgerHead(view), expected);
        const last = expected.size + entries.length - 1;
        return { message: `ledger ${expected.size} to ${last}`, files: ledgerFiles(expected, entries) };
      });
      return headAfter(expected, entries);
    },
  };
}

function expectHead(found: LedgerHead, expected: LedgerHead): LedgerHead {
  if (sameHead(found, expected)) return found;
  throw new CustodyError('CONFLICT', `the ledger has ${found.size} entries, ${expected.size} were expected`, {
    details: { expected, found },
  });
}
