import type { LedgerEvent } from '../ledger/entry.js';
import { type OpenRecord, requestIdOf } from '../record/envelope.js';
import type { Statement } from '../record/statement.js';

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
