import { CustodyError } from '../base/errors.js';
import { addSeconds } from '../base/time.js';
import { executorFault } from '../quorum/intent.js';
import { ofKind } from '../record/envelope.js';
import { digestOfJson, type Seen, type Statement } from '../record/statement.js';
import type { Identity } from '../roster/roster.js';
import type { Case } from './case.js';
import { caseOf, lookUp } from './desk.js';
import type { InForce } from './in-force.js';
import { draftFor, publishRecords } from './publish.js';
import { basicsOf, type Session } from './session.js';

/** @throws CustodyError PENDING when the quorum can still be met, REQUEST_ENDED when not, REFUSED */
export function assertExecutable({ id, request, rules, verdict }: Case, identity: Identity): void {
  const { state, because, missing } = verdict;
  if (state === 'pending' || state === 'cooling') {
    throw new CustodyError('PENDING', `request ${id} is ${state}: ${because}`, {
      details: { state, missing },
      suggestions: [`custody keys show ${id} says who has signed.`],
    });
  }
  if (state !== 'approved' && state !== 'executing') {
    throw new CustodyError('REQUEST_ENDED', `request ${id} is ${state}: ${because}`, { details: { state } });
  }
  const fault = executorFault(identity, request, verdict, rules);
  if (fault !== null) throw new CustodyError('REFUSED', fault, { details: { id } });
}

/**
 * Publishes the intent on exactly the head that was judged. When the head moved, judges again and goes on only if
 * nothing about this request has changed.
 * @throws CustodyError CONFLICT
 */
export async function publishIntent(session: Session, state: InForce, found: Case): Promise<Case> {
  const { ports, identity } = session;
  let current = state;
  for (let judged = found; ; ) {
    const signed = await draftFor(session.actor, intentStatement(session, current, judged), judged.id);
    try {
      await publishRecords(ports, [signed], { message: `Intent ${judged.id}`, onlyOn: current.head });
      return await caseOf(ports, await lookUp(ports, 'local'), judged.id);
    } catch (cause) {
      if (!(cause instanceof CustodyError) || cause.code !== 'CONFLICT') throw cause;
      ports.progress('The repository moved; judging again');
    }
    current = await lookUp(ports, 'remote');
    const again = await caseOf(ports, current, judged.id);
    if (own(again, signed.record.digest)) return again;
    if (again.verdict.state !== 'approved' || again.evidence.records.length !== judged.evidence.records.length) {
      throw new CustodyError('CONFLICT', `request ${judged.id} changed meanwhile: it is ${again.verdict.state}`, {
        details: { state: again.verdict.state },
        suggestions: [`custody keys show ${judged.id}`],
      });
    }
    assertExecutable(again, identity);
    judged = again;
  }
}

/** The push may have landed although its answer was lost. */
function own({ verdict }: Case, digest: string): boolean {
  return verdict.intent?.digest === digest;
}

/**
 * Two machines of one identity, at one moment and on one head, must not sign the same bytes: each would take the other's
 * intent for its own, and both would call. A random part of the heartbeat's time, which is the signer's to choose, is left out.
 */
function distinct({ ports }: Session, seen: Seen, freshnessSeconds: number): Seen {
  const [a = 0, b = 0, c = 0, d = 0] = ports.random(4);
  const part = (((a * 256 + b) * 256 + c) * 256 + d) / 2 ** 32;
  return { ...seen, expiresAt: addSeconds(seen.expiresAt, -part * Math.min(3600, freshnessSeconds / 2)) };
}

function intentStatement(session: Session, state: InForce, { request, evidence }: Case): Statement {
  const basics = basicsOf(session, state);
  const of = (kind: 'approval' | 'rejection' | 'withdrawal') =>
    evidence.records
      .filter((record) => ofKind(record, kind) !== null)
      .map(({ fileDigest }) => fileDigest)
      .sort();
  return {
    kind: 'intent',
    subjects: [{ name: 'request', digest: request.digest }],
    predicate: {
      ...basics,
      seen: distinct(session, basics.seen, state.plan.plan.quorum.freshnessSeconds),
      request: request.digest,
      approvals: of('approval'),
      rejections: of('rejection'),
      withdrawals: of('withdrawal'),
      preStateDigest: digestOfJson(request.statement.predicate.preState),
    },
  };
}
