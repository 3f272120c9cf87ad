import { EMPTY_HEAD, link } from '../../src/lib/ledger/chain.js';
import type { LedgerEvent } from '../../src/lib/ledger/entry.js';
import { type LedgerTree, ledgerFiles } from '../../src/lib/ledger/view.js';

/** A repository that holds nothing but the chain of these events. */
export function chainTree(events: readonly LedgerEvent[]): LedgerTree & { readonly entries: readonly Uint8Array[] } {
  const { entries } = link(events, EMPTY_HEAD);
  const files = ledgerFiles(EMPTY_HEAD, entries);
  return {
    entries,
    pathsUnder: async (prefix) => [...files.keys()].filter((path) => path.startsWith(prefix)),
    read: async (paths) => new Map([...files].filter(([path]) => paths.includes(path))),
  };
}
