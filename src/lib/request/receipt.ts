import { CustodyError } from '../base/errors.js';
import { formatPlan, parsePlanDocument } from '../plan/format.js';
import type { OpenRecord } from '../record/envelope.js';
import { planPath } from '../record/paths.js';
import type { ReceiptPredicate } from '../record/statement.js';
import type { Case } from './case.js';
import { caseOf, lookUp } from './desk.js';
import { draftFor, publishRecords } from './publish.js';
import { basicsOf, type Session } from './session.js';

/** What came of the calls. */
export type Outcome = Pick<ReceiptPredicate, 'outcome' | 'awsRequestIds' | 'postStateDigest' | 'key' | 'error'>;

/** Writes down what came of it; the receipt that another machine wrote first stands. */
export async function publishReceipt(
  session: Session,
  found: Case,
  intent: OpenRecord<'intent'>,
  outcome: Outcome & Pick<ReceiptPredicate, 'startedAt' | 'enforcement'>,
): Promise<ReceiptPredicate> {
  const { ports, actor } = session;
  const state = await lookUp(ports, 'local');
  const predicate: ReceiptPredicate = {
    ...basicsOf(session, state),
    ...outcome,
    request: found.request.digest,
    intent: intent.digest,
    finishedAt: ports.clock.now(),
    preStateDigest: intent.statement.predicate.preStateDigest,
  };
  const signed = await draftFor(
    actor,
    { kind: 'receipt', subjects: [{ name: 'intent', digest: intent.digest }], predicate },
    found.id,
  );
  const also = outcome.outcome === 'executed' ? documentFile(found) : new Map<string, Uint8Array>();
  try {
    await publishRecords(ports, [signed], { message: `Receipt ${found.id}: ${outcome.outcome}`, also });
    return predicate;
  } catch (cause) {
    // Another machine finished the same intent first: its receipt stands.
    if (!(cause instanceof CustodyError) || cause.code !== 'CONFLICT') throw cause;
    const theirs = (await caseOf(ports, await lookUp(ports, 'remote'), found.id)).verdict.receipt;
    if (!theirs) throw cause;
    return theirs.statement.predicate;
  }
}

/** A plan takes force with the receipt, in the same commit; judging the request has checked it. */
function documentFile({ request }: Case): ReadonlyMap<string, Uint8Array> {
  const { action, parameters } = request.statement.predicate;
  if (action !== 'plan.update') return new Map();
  const next = parsePlanDocument(parameters.document, 'the approved plan');
  return new Map([[planPath(next.version), formatPlan(next)]]);
}
