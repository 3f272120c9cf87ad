import { digestOf } from '../base/bytes.js';
import { type JsonValue, sameJson } from '../base/canonical-json.js';
import { parseEntry, verifyChain } from '../ledger/chain.js';
import type { LedgerHead } from '../ledger/store.js';
import { readLedgerEntries, readLedgerHead } from '../ledger/view.js';
import { open } from '../record/envelope.js';
import type { Files, View } from '../record/store.js';
import { eventOf } from '../request/events.js';
import { type Check, type CheckReport, check, verdictOf } from './check.js';

export interface LedgerReport extends CheckReport {
  readonly head: LedgerHead;
  readonly entries: number;
}

/**
 * The chain as stored bytes, and the records beside it: each is told of exactly once, and nothing is told of that is
 * not there.
 * @throws CustodyError LEDGER_BROKEN for entries that cannot be read
 */
export async function verifyLedger(view: View): Promise<LedgerReport> {
  const head = await readLedgerHead(view);
  const stored = await readLedgerEntries(view, 0, head.size);
  const chain = verifyChain(stored);
  const told = stored.map((bytes) => parseEntry(bytes).record).filter((record) => record !== null);
  const paths = await view.pathsUnder('records/');
  const files = await view.read(paths);
  const kept = new Map([...files].map(([path, bytes]) => [digestOf(bytes), path]));
  const listed = new Set(told);
  const untold = [...kept].filter(([digest]) => !listed.has(digest)).map(([, path]) => path);
  const gone = told.filter((digest) => !kept.has(digest)).length;
  const chainDetail = chain.faults[0]?.message ?? `${chain.count} entries, head ${chain.head.digest}`;
  const checks = [
    {
      id: 'chain',
      status: chain.verdict === 'verified' ? 'pass' : chain.verdict === 'refused' ? 'fail' : 'skip',
      detail: chainDetail,
    } as const,
    check(
      'records',
      untold.length === 0,
      untold.length === 0
        ? `each of ${kept.size} records has its entry`
        : `${untold.length} records have no entry, as they are: ${untold[0]}`,
    ),
    check(
      'complete',
      gone === 0,
      gone === 0 ? 'each entry has its record' : `${gone} entries tell of records that are not there`,
    ),
    lastCheck(stored.at(-1), files, kept),
    check('once', listed.size === told.length, 'no record is told of twice'),
  ];
  return { verdict: verdictOf(checks), checks, head, entries: stored.length };
}

/** The chain has nothing after its last entry that would pin it; what that tells of does. */
function lastCheck(stored: Uint8Array | undefined, files: Files, kept: ReadonlyMap<string, string>): Check {
  const entry = stored === undefined ? null : parseEntry(stored);
  const path = kept.get(entry?.record ?? '');
  const bytes = path === undefined ? undefined : files.get(path);
  if (entry === null || bytes === undefined) return check('last', true, 'the last entry tells of no record');
  const { schema: _, sequence, previous: _previous, ...told } = entry;
  const same = sameJson(told as unknown as JsonValue, eventOf(open(bytes, path), entry.by) as unknown as JsonValue);
  const of = `entry ${sequence}`;
  return check('last', same, same ? `${of} tells of its record as it is` : `${of} does not tell of ${path} as it is`);
}
