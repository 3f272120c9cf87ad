import type { Digest } from '../base/bytes.js';
import { type JsonObject, sameJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { open } from '../record/envelope.js';
import type { Statement } from '../record/statement.js';
import type { Case } from './case.js';
import { caseOf, identityIn, lookUp } from './desk.js';
import type { InForce } from './in-force.js';
import { isOpen } from './open.js';
import type { Actor, Ports } from './ports.js';
import { draftFor, publishRecords, seenNow } from './publish.js';

export interface Vetoed {
  readonly case: Case;
  /** False when it waits in this clone's outbox for the network. */
  readonly pushed: boolean;
}

/**
 * Ends an open request: any one custodian may.
 * @throws CustodyError REQUEST_ENDED, REFUSED
 */
export async function reject(ports: Ports, actor: Actor, id: string, reason: string): Promise<Vetoed> {
  const { state, found } = await openCase(ports, id);
  const { id: by, kind } = identityIn(state, actor);
  if (kind !== 'custodian') throw new CustodyError('REFUSED', `${by} is automation: only custodians reject`);
  const predicate = { ...basics(ports, state, found, by), reason };
  return publishVeto(ports, actor, id, `Reject ${id}`, { kind: 'rejection', subjects: subjectsOf(found), predicate });
}

/**
 * Takes back what one signed: the requester the request, a custodian an own approval.
 * @param what `request`, `approval`, or null for the request where it is one's own and else the approval
 * @throws CustodyError REQUEST_ENDED, REFUSED
 */
export async function withdraw(
  ports: Ports,
  actor: Actor,
  id: string,
  what: 'request' | 'approval' | null,
  reason: string,
): Promise<Vetoed> {
  const { state, found } = await openCase(ports, id);
  const { id: by, person } = identityIn(state, actor);
  const isRequester = found.verdict.requester.person === person;
  const withdraws =
    what === 'approval' || (what === null && !isRequester) ? ownApproval(found, by) : found.request.digest;
  if (withdraws === found.request.digest && !isRequester) {
    throw new CustodyError('REFUSED', `${found.verdict.requester.id} opened ${id}: only the requester withdraws it`, {
      suggestions: [`custody keys reject ${id} ends it with your own signature.`],
    });
  }
  const predicate = { ...basics(ports, state, found, by), reason, withdraws };
  return publishVeto(ports, actor, id, `Withdraw from ${id}`, {
    kind: 'withdrawal',
    subjects: subjectsOf(found),
    predicate,
  });
}

function ownApproval({ id, verdict }: Case, by: string): Digest {
  const own = verdict.approvals.find(({ counted, signer }) => counted && signer?.id === by);
  if (own) return own.record.digest;
  throw new CustodyError('REFUSED', `${by} has no approval on ${id} that counts`);
}

async function openCase(ports: Ports, id: string): Promise<{ state: InForce; found: Case }> {
  const state = await lookUp(ports, 'remote-if-reachable');
  const found = await caseOf(ports, state, id);
  const { verdict } = found;
  // An intent has consumed it: a veto can no longer stop the call (T14).
  if (!isOpen(found) || verdict.state === 'executing') {
    throw new CustodyError('REQUEST_ENDED', `request ${id} is ${verdict.state}: ${verdict.because}`, {
      details: { state: verdict.state },
    });
  }
  return { state, found };
}

function basics(ports: Ports, state: InForce, found: Case, by: string) {
  return {
    tool: ports.tool,
    repository: state.roster.repository,
    request: found.request.digest,
    by,
    at: ports.clock.now(),
    seen: seenNow(ports, state.head, state.plan.plan.quorum.freshnessSeconds),
  };
}

function subjectsOf({ request }: Case) {
  return [{ name: 'request', digest: request.digest }];
}

async function publishVeto(
  ports: Ports,
  actor: Actor,
  id: string,
  message: string,
  statement: Statement,
): Promise<Vetoed> {
  const waits = await waitsAlready(ports, statement);
  const pushed = !waits && (await sendVeto(ports, actor, id, message, statement));
  return { case: await caseOf(ports, await lookUp(ports, 'local'), id), pushed };
}

async function sendVeto(ports: Ports, actor: Actor, id: string, message: string, statement: Statement) {
  const signed = await draftFor(actor, statement, id);
  return (await publishRecords(ports, [signed], { message, mayWait: true })).pushed;
}

/** Whether the same veto of the same person waits for the network: the clone's view does not show it, and once is enough. */
async function waitsAlready({ store }: Ports, wanted: Statement): Promise<boolean> {
  for (const [path, bytes] of await store.outbox()) {
    const there = essenceOf(open(bytes, path).statement);
    if (there !== null && sameJson(there, essenceOf(wanted) ?? undefined)) return true;
  }
  return false;
}

/** What a veto is, whenever and over whatever it was signed; null for any other record. */
function essenceOf(statement: Statement): JsonObject | null {
  if (statement.kind !== 'rejection' && statement.kind !== 'withdrawal') return null;
  const { request, by } = statement.predicate;
  const withdraws = statement.kind === 'withdrawal' ? statement.predicate.withdraws : null;
  return { kind: statement.kind, request, by, withdraws };
}
