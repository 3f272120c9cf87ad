import { link } from '../../src/lib/ledger/chain.js';
import { ledgerPath } from '../../src/lib/ledger/paths.js';
import type { LedgerHead } from '../../src/lib/ledger/store.js';
import type { OpenRecord } from '../../src/lib/record/envelope.js';
import { eventOf } from '../../src/lib/request/events.js';

/** The ledger's entry about a record, by its path: without one, no clone takes what somebody of the roster has signed. */
export function entryAbout(record: OpenRecord, head: LedgerHead): Readonly<Record<string, Uint8Array>> {
  const { predicate } = record.statement;
  const by = 'by' in predicate ? predicate.by : '';
  const [bytes = new Uint8Array()] = link([eventOf(record, by)], head).entries;
  return { [ledgerPath(head.size)]: bytes };
}
