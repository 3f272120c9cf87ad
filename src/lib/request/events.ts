import { type JsonValue, sameJson } from '../base/canonical-json.js';
import type { LedgerEntry, LedgerEvent } from '../ledger/entry.js';
import { signerOf } from '../quorum/signer.js';
import { type OpenRecord, requestIdOf } from '../record/envelope.js';
import type { Statement } from '../record/statement.js';
import type { Roster } from '../roster/roster.js';

/** What the ledger tells of a record: facts only, never the free text of a reason. */
export function eventOf(record: OpenRecord, by: string): LedgerEvent {
  const { statement } = record;
  return {
    at: statement.predicate.at,
    kind: statement.kind,
    by,
    requestId: requestOf(record),
    record: record.fileDigest,
    facts: factsOf(statement),
  };
}

/** Whether an entry tells of a record as it is, and names who signed it; who is on no roster cannot be named. */
export function isToldBy(entry: LedgerEntry, record: OpenRecord, rosters: readonly Roster[]): boolean {
  const signers = rosters.map((roster) => signerOf(record, roster)).filter((signer) => typeof signer === 'object');
  if (signers.length > 0 && !signers.some(({ id }) => id === entry.by)) return false;
  const { schema: _, sequence: _sequence, previous: _previous, ...told } = entry;
  return sameJson(told as unknown as JsonValue, eventOf(record, entry.by) as unknown as JsonValue);
}

function requestOf({ statement, digest }: OpenRecord): string | null {
  if (statement.kind === 'request') return requestIdOf(digest);
  return 'request' in statement.predicate ? requestIdOf(statement.predicate.request) : null;
}

function factsOf(statement: Statement): LedgerEvent['facts'] {
  if (statement.kind === 'request') {
    const { action, key } = statement.predicate;
    return { action, key: key?.name ?? null, arn: key?.arn ?? null };
  }
  if (statement.kind === 'receipt') {
    const { outcome, awsRequestIds, enforcement, key } = statement.predicate;
    return { outcome, awsRequestIds, enforcement: enforcement.level, arn: key?.arn ?? null };
  }
  return statement.kind === 'withdrawal' ? { withdraws: statement.predicate.withdraws } : {};
}
