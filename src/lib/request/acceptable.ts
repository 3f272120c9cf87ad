import { CustodyError } from '../base/errors.js';
import type { Clock } from '../base/time.js';
import { ledgerPath } from '../ledger/paths.js';
import { readLinkedEntries } from '../ledger/view.js';
import { signerOf } from '../quorum/signer.js';
import { type OpenRecord, open, requestIdOf } from '../record/envelope.js';
import {
  CEREMONY_FOLDER,
  GENESIS_FOLDER,
  HEARTBEAT_FOLDER,
  intentPath,
  receiptPath,
  recordPath,
  requestFolder,
} from '../record/paths.js';
import type { Accept, Candidate } from '../record/store.js';
import type { Roster } from '../roster/roster.js';
import { isToldBy } from './events.js';
import { readInForce } from './in-force.js';

/**
 * The state that every command starts from: genesis, plans and rosters that a quorum put in force, and a ledger that goes on
 * from the one before, whose new entries tell of new records as they are. What is wrong within one request, or among
 * heartbeats, hinders nobody and is for others to judge.
 */
export function acceptable(clock: Clock): Accept {
  return async (candidate) => {
    const { rosters } = await readInForce(candidate.line, candidate.view, clock.now());
    await assertLedgerGoesOn(candidate, rosters);
  };
}

async function assertLedgerGoesOn({ view, before }: Candidate, rosters: readonly Roster[]): Promise<void> {
  const entries = await readLinkedEntries(before.head === null ? null : before, view);
  const telling = entries.filter(({ record }) => record !== null);
  const old = new Set(await before.pathsUnder('records/'));
  const fresh = await view.read((await view.pathsUnder('records/')).filter((path) => !old.has(path)));
  const untold = new Map([...fresh].flatMap(([path, bytes]) => recordAt(path, bytes)));
  for (const entry of telling) {
    const record = untold.get(entry.record ?? '');
    // Told of once: no entry after it can tell of the same file.
    untold.delete(entry.record ?? '');
    const path = ledgerPath(entry.sequence);
    if (record === undefined) throw broken(path, 'tells of a record that did not come with it');
    if (!isToldBy(entry, record, rosters)) throw broken(path, 'does not tell of its record as it is');
  }
  const [rest] = [...untold.values()].filter((record) => isOfSomebody(record, rosters));
  // Let in, it would break the ledger for good: no later entry may tell of it.
  if (rest !== undefined) throw broken(placeOf(rest), 'is a record that no entry tells of');
}

/** What nobody on a roster has signed counts for nothing, and needs no entry. */
function isOfSomebody(record: OpenRecord, rosters: readonly Roster[]): boolean {
  return rosters.some((roster) => typeof signerOf(record, roster) === 'object');
}

/** A record by the digest of its file; none for a copy of one elsewhere, of which the ledger may have told already. */
function recordAt(path: string, bytes: Uint8Array): readonly (readonly [string, OpenRecord])[] {
  try {
    const record = open(bytes);
    return placeOf(record) === path ? [[record.fileDigest, record]] : [];
  } catch (cause) {
    if (cause instanceof CustodyError) return [];
    throw cause;
  }
}

/** The one path at which custody publishes a record. */
function placeOf({ statement, digest, fileDigest }: OpenRecord): string {
  const { kind, predicate } = statement;
  if (kind === 'genesis') return recordPath(GENESIS_FOLDER, fileDigest);
  if (kind === 'ceremony') return recordPath(CEREMONY_FOLDER, fileDigest);
  if (kind === 'heartbeat') return recordPath(HEARTBEAT_FOLDER, fileDigest);
  const id = requestIdOf(kind === 'request' ? digest : predicate.request);
  if (kind === 'intent') return intentPath(id);
  return kind === 'receipt' ? receiptPath(id) : recordPath(requestFolder(id), fileDigest);
}

function broken(path: string, what: string): CustodyError {
  return new CustodyError('LEDGER_BROKEN', `${path} ${what}`, { details: { path } });
}
