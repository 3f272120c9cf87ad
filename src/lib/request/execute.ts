import { CustodyError } from '../base/errors.js';
import type { KeyWriter } from '../key/key.js';
import { formatPlan, parsePlanDocument } from '../plan/format.js';
import { executorFault } from '../quorum/intent.js';
import type { OpenRecord } from '../record/envelope.js';
import { ofKind } from '../record/envelope.js';
import { planPath } from '../record/paths.js';
import { digestOfJson, type Predicate, type ReceiptPredicate, type Statement } from '../record/statement.js';
import type { Identity } from '../roster/roster.js';
import { type Applied, apply } from './apply.js';
import { assertSameState } from './approve.js';
import { assertAccount } from './aws-check.js';
import type { Case } from './case.js';
import { caseOf, identityIn, lookUp } from './desk.js';
import { assertFresh } from './heartbeat.js';
import type { InForce } from './in-force.js';
import { preStateOf } from './open.js';
import type { Actor, Aws, Ports } from './ports.js';
import { draftFor, publishRecords, seenNow } from './publish.js';

export interface Executed {
  readonly case: Case;
  readonly receipt: ReceiptPredicate;
}

interface Session {
  readonly ports: Ports;
  readonly actor: Actor;
  readonly aws: Aws;
  readonly identity: Identity;
}

/**
 * Carries out an approved request once. Verifies everything again, consumes the request with an intent published by
 * compare-and-swap, and only then calls AWS; a run that was cut off is finished from AWS's state, never repeated.
 * @throws CustodyError PENDING (8) · REQUEST_ENDED, STALE, PRE_STATE_CHANGED, REFUSED (3) · CONFLICT (6) · DENIED (4) ·
 *   UNAVAILABLE, TIMEOUT, THROTTLED, REMOTE_UNREACHABLE (5)
 */
export async function execute(ports: Ports, actor: Actor, aws: Aws, id: string): Promise<Executed> {
  const state = await lookUp(ports, 'remote');
  const identity = identityIn(state, actor);
  const found = await caseOf(ports, state, id);
  const session: Session = { ports, actor, aws, identity };
  assertExecutable(found, identity);
  await assertAccount(aws, state.plan.plan, ports.clock.now());
  const resumed = found.verdict.state === 'executing';
  if (!resumed) {
    await assertFresh(ports, state, found, identity, ports.clock.now());
    assertSameState(
      found.request.statement.predicate.preState,
      await preStateOf(aws, state, found.request.statement.predicate),
    );
  }
  // The session is opened first: credentials that do not suffice must not consume the request.
  const writer = await openWriter(session, state, found);
  const begun = resumed ? found : await publishIntent(session, state, found);
  return finish(session, begun, writer, resumed);
}

/** @throws CustodyError PENDING when the quorum can still be met, REQUEST_ENDED when not, REFUSED */
function assertExecutable({ id, request, rules, verdict }: Case, identity: Identity): void {
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

const NOTHING_TO_CALL: KeyWriter = {
  call: () => Promise.reject(new CustodyError('BUG', 'this action makes no call at AWS')),
};

async function openWriter({ aws, identity }: Session, { roster }: InForce, { id, request }: Case): Promise<KeyWriter> {
  const said = request.statement.predicate;
  const operations = said.calls.filter(({ service }) => service === 'kms').map(({ operation }) => operation);
  if (operations.length === 0) return NOTHING_TO_CALL;
  const creates = operations.includes('CreateKey');
  return aws.authority.assumeExecutor({
    roleArn: roster.executorRoleArn,
    sourceIdentity: identity.id,
    sessionName: id,
    // CreateKey with tags and ReplicateKey ask for these as well.
    actions: [...new Set([...operations, ...(creates ? ['TagResource', 'CreateKey'] : [])])].map(
      (operation) => `kms:${operation}`,
    ),
    resources: creates || !said.key?.arn ? ['*'] : [said.key.arn],
  });
}

/**
 * Publishes the intent on exactly the head that was judged. When the head moved, judges again and goes on only if
 * nothing about this request has changed.
 * @throws CustodyError CONFLICT
 */
async function publishIntent(session: Session, state: InForce, found: Case): Promise<Case> {
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

function intentStatement({ ports, identity }: Session, state: InForce, { request, evidence }: Case): Statement {
  const of = (kind: 'approval' | 'rejection' | 'withdrawal') =>
    evidence.records
      .filter((record) => ofKind(record, kind) !== null)
      .map(({ fileDigest }) => fileDigest)
      .sort();
  return {
    kind: 'intent',
    subjects: [{ name: 'request', digest: request.digest }],
    predicate: {
      ...basics(ports, state, identity),
      request: request.digest,
      approvals: of('approval'),
      rejections: of('rejection'),
      withdrawals: of('withdrawal'),
      preStateDigest: digestOfJson(request.statement.predicate.preState),
    },
  };
}

function basics(ports: Ports, state: InForce, identity: Identity) {
  return {
    tool: ports.tool,
    repository: state.roster.repository,
    by: identity.id,
    at: ports.clock.now(),
    seen: seenNow(ports, state.head, state.plan.plan.quorum.freshnessSeconds),
  };
}

type Outcome = Pick<ReceiptPredicate, 'outcome' | 'awsRequestIds' | 'postStateDigest' | 'key' | 'error'>;

async function finish(session: Session, found: Case, writer: KeyWriter, resumed: boolean): Promise<Executed> {
  const { ports } = session;
  const { intent } = found.verdict;
  if (!intent)
    throw new CustodyError('CONFLICT', `request ${found.id} is ${found.verdict.state}: ${found.verdict.because}`);
  const startedAt = ports.clock.now();
  const outcome = await carryOut(session, found, intent, writer, resumed);
  const receipt = await publishReceipt(session, found, intent, { startedAt, ...outcome });
  const after = await caseOf(ports, await lookUp(ports, 'local'), found.id);
  if (outcome.error) {
    throw new CustodyError('REFUSED', `request ${found.id} failed and is spent: ${outcome.error.message}`, {
      details: { receipt },
    });
  }
  return { case: after, receipt };
}

/** A definite "no" is an outcome, to be written down; an unknown one is thrown, and a later run finds out. */
async function carryOut(
  session: Session,
  found: Case,
  intent: OpenRecord<'intent'>,
  writer: KeyWriter,
  resumed: boolean,
): Promise<Outcome> {
  const { ports, aws } = session;
  const request = found.request.statement.predicate;
  try {
    const applied = await applyOrAccept(session, found, {
      request,
      reader: aws.reader,
      writer,
      clock: ports.clock,
      progress: ports.progress,
      intentAt: intent.statement.predicate.at,
      resumed,
    });
    return {
      outcome: 'executed',
      awsRequestIds: applied.awsRequestIds,
      postStateDigest: digestOfJson(applied.postState),
      key: applied.key,
      error: null,
    };
  } catch (cause) {
    if (!(cause instanceof CustodyError) || (cause.exit !== 3 && cause.exit !== 4)) throw cause;
    const error = {
      code: String(cause.details?.awsCode ?? cause.code).slice(0, 100),
      message: cause.message.slice(0, 1000),
    };
    return {
      outcome: 'failed',
      awsRequestIds: [],
      postStateDigest: digestOfJson(request.preState),
      key: request.key,
      error,
    };
  }
}

async function applyOrAccept(
  { ports, aws }: Session,
  { request }: Case,
  run: Parameters<typeof apply>[0],
): Promise<Applied> {
  const said = request.statement.predicate;
  if (said.action === 'plan.update' || said.action === 'roster.update') {
    const { version, digest } = said.parameters;
    return { awsRequestIds: [], postState: { version: version ?? null, digest: digest ?? null }, key: null };
  }
  // The intent's way to the remote took time: look once more, now that nobody else can begin (T13).
  if (!run.resumed) assertSameState(said.preState, await preStateOf(aws, await lookUp(ports, 'local'), said));
  return apply(run);
}

async function publishReceipt(
  session: Session,
  found: Case,
  intent: OpenRecord<'intent'>,
  outcome: Outcome & { startedAt: Predicate<'receipt'>['startedAt'] },
): Promise<ReceiptPredicate> {
  const { ports, actor, identity } = session;
  const state = await lookUp(ports, 'local');
  const predicate: ReceiptPredicate = {
    ...basics(ports, state, identity),
    ...outcome,
    request: found.request.digest,
    intent: intent.digest,
    finishedAt: ports.clock.now(),
    preStateDigest: intent.statement.predicate.preStateDigest,
    enforcement: { level: 'advisory', because: 'interlock not installed' },
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
