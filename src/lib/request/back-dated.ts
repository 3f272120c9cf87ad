import { digestHex } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { type Instant, isLaterBy } from '../base/time.js';
import { parseEntry } from '../ledger/chain.js';
import type { LedgerEntry } from '../ledger/entry.js';
import { readPresentEntries } from '../ledger/view.js';
import { CLOCK_TOLERANCE_SECONDS } from '../quorum/evidence.js';
import { signerOf } from '../quorum/signer.js';
import { type OpenRecord, open } from '../record/envelope.js';
import { intentPath, receiptPath } from '../record/paths.js';
import type { CommitId, View } from '../record/store.js';
import type { CustodianId, Identity, Roster } from '../roster/roster.js';
import type { Case } from './case.js';
import type { InForce } from './in-force.js';
import type { Ports } from './ports.js';

/**
 * Who signs an intent chooses its time, too: one dated back to before the end of its request would be taken up as a run that was cut
 * off. What others have signed under it tells what time it was by then; the ledger, which anybody can write on, only says where to
 * look. Who made it needs no such proof to finish it.
 * @throws CustodyError REFUSED
 */
export async function assertNotRevived(
  { store }: Ports,
  { rosters }: Pick<InForce, 'rosters'>,
  { id, verdict, rules }: Case,
  identity: Identity,
): Promise<void> {
  const { intent, executeBy } = verdict;
  const said = intent?.statement.predicate;
  if (!intent || !said?.seen.head || executeBy === null || said.by === identity.id) return;
  const maker = signerOf(intent, rules.roster);
  const person = typeof maker === 'string' ? null : maker.person;
  const later = await signedAfter(await store.at(said.seen.head as CommitId), rosters, executeBy, person);
  if (later === null) return;
  const { by, at } = later;
  throw new CustodyError(
    'REFUSED',
    `${said.by} began ${id} by an intent of ${said.at}, but ${by} had signed at ${at} by then, and the request ended on ${executeBy}`,
    { details: { id, by: said.by, at: said.at, signedBy: by, signedAt: at, executeBy } },
  );
}

interface Signed {
  readonly by: string;
  readonly at: Instant;
}

/** A record in `view` that somebody else than `maker` signed after a time, clocks allowed for. */
async function signedAfter(
  view: View,
  rosters: readonly Roster[],
  time: Instant,
  maker: CustodianId | null,
): Promise<Signed | null> {
  const { entries } = await readPresentEntries(view);
  const late = new Set(entries.flatMap(([, bytes]) => recordAfter(bytes, time)));
  const paths = (await view.pathsUnder('records/')).filter((path) => late.has(path) || late.has(nameOf(path)));
  for (const [path, bytes] of await view.read(paths)) {
    const record = read(() => open(bytes, path));
    const signer = record === null ? 'unknown' : signerOf(record, ...rosters);
    if (record === null || typeof signer === 'string' || signer.person === maker) continue;
    const { at } = record.statement.predicate;
    if (isLaterBy(CLOCK_TOLERANCE_SECONDS, time, at)) return { by: signer.id, at };
  }
  return null;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Where the record lies that an entry after a time tells of: its path where that is fixed, else its name. */
function recordAfter(bytes: Uint8Array, time: Instant): readonly string[] {
  // What is no entry tells nothing: what somebody planted must not keep a run from being finished.
  const entry: LedgerEntry | null = read(() => parseEntry(bytes));
  if (entry === null || entry.record === null || !isLaterBy(CLOCK_TOLERANCE_SECONDS, time, entry.at)) return [];
  if (entry.kind === 'intent') return [intentPath(entry.requestId ?? '')];
  return [entry.kind === 'receipt' ? receiptPath(entry.requestId ?? '') : `${digestHex(entry.record)}.json`];
}

function read<T extends LedgerEntry | OpenRecord>(reader: () => T): T | null {
  try {
    return reader();
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}
