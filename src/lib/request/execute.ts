import { CustodyError } from '../base/errors.js';
import { addSeconds, type Instant } from '../base/time.js';
import type { KeyWriter } from '../key/key.js';
import type { KeyMaterial } from '../key/material.js';
import { CLOCK_TOLERANCE_SECONDS } from '../quorum/evidence.js';
import { isVeto } from '../record/action.js';
import type { OpenRecord } from '../record/envelope.js';
import { digestOfJson, type ReceiptPredicate, type RequestPredicate } from '../record/statement.js';
import type { Identity } from '../roster/roster.js';
import { apply } from './apply.js';
import { assertArmed, enforcementNow, openExecutor, sweepSlots } from './armed.js';
import { assertSameState } from './assert-state.js';
import { assertTold, tellIfPossible } from './audit.js';
import { assertAccount } from './aws-check.js';
import { assertNotRevived } from './back-dated.js';
import type { Case } from './case.js';
import { caseOf, identityIn, lookUp } from './desk.js';
import { assertFresh } from './heartbeat.js';
import type { InForce } from './in-force.js';
import { assertExecutable, publishIntent } from './intent.js';
import { assertMaterial } from './material.js';
import { assertPlanned } from './planned.js';
import type { Actor, Aws, Ports } from './ports.js';
import { preStateOf } from './pre-state.js';
import { type Outcome, publishReceipt } from './receipt.js';
import type { Applied, Run } from './run.js';
import { scopeOf } from './scope.js';
import type { Session } from './session.js';
import { assertSound } from './sound.js';
import { warrantOf } from './warrant.js';

export interface Executed {
  readonly case: Case;
  readonly receipt: ReceiptPredicate;
}

export interface ExecuteOptions {
  /**
   * False for a machine that runs by itself: what another one has begun it takes up only when that one cannot call any more.
   * A person who names a request knows that its run is over.
   */
  readonly takeUp?: boolean;
}

/** As long as a session of the executor lives (900 s, KMS takes nothing from it later), and what clocks may differ. */
const IN_FLIGHT_SECONDS = 900 + CLOCK_TOLERANCE_SECONDS;

/** @throws CustodyError CONFLICT while the run that made the intent may still be under way */
function assertLeftBehind({ id, verdict }: Case, now: Instant): void {
  const begun = verdict.intent?.statement.predicate;
  if (!begun || now > addSeconds(begun.at, IN_FLIGHT_SECONDS)) return;
  throw new CustodyError('CONFLICT', `${begun.by} has begun to execute ${id} at ${begun.at}`, {
    details: { by: begun.by, at: begun.at },
    suggestions: [`If that run was cut off: custody keys execute ${id}`],
  });
}

/**
 * Carries out an approved request once. Verifies everything again, consumes the request with an intent published by
 * compare-and-swap, and only then calls AWS; a run that was cut off is finished from AWS's state, never repeated.
 * @throws CustodyError PENDING (8) · REQUEST_ENDED, STALE, PRE_STATE_CHANGED, REFUSED (3) · CONFLICT (6) · DENIED (4) ·
 *   UNAVAILABLE, TIMEOUT, THROTTLED, REMOTE_UNREACHABLE (5)
 */
export async function execute(
  ports: Ports,
  actor: Actor,
  aws: Aws,
  id: string,
  material: KeyMaterial | null = null,
  { takeUp = true }: ExecuteOptions = {},
): Promise<Executed> {
  const { session, state, found } = await verify(ports, actor, aws, id, material);
  await assertArmed(session, state, found);
  const resumed = found.verdict.state === 'executing';
  if (resumed && !takeUp) assertLeftBehind(found, ports.clock.now());
  // The session is opened first: credentials that do not suffice must not consume the request.
  const writer = await openWriter(session, state, found);
  const isTold = changesAtAws(found.request.statement.predicate);
  if (isTold) await assertTold(ports, state);
  const begun = resumed ? found : await publishIntent(session, state, found);
  if (isTold && !resumed) await assertTold(ports, await lookUp(ports, 'local'));
  return finish(session, begun, writer, resumed);
}

/** Everything that `execute` verifies before it changes anything. @throws CustodyError as `execute` does */
export async function checkExecutable(
  ports: Ports,
  actor: Actor,
  aws: Aws,
  id: string,
  material: KeyMaterial | null = null,
): Promise<Case> {
  return (await verify(ports, actor, aws, id, material)).found;
}

async function verify(ports: Ports, actor: Actor, aws: Aws, id: string, material: KeyMaterial | null) {
  const state = await lookUp(ports, 'remote');
  const identity = identityIn(state, actor);
  const found = await caseOf(ports, state, id);
  assertExecutable(found, identity);
  const now = ports.clock.now();
  await assertAccount(aws, state.plan.plan, now);
  const said = found.request.statement.predicate;
  assertPlanned(said, found.rules.plan, found.rules.roster);
  // Before the intent: without its material a request must not be consumed.
  assertMaterial(said, material, found.verdict.state === 'executing');
  if (found.verdict.state !== 'executing') {
    // A veto must work when nobody else is awake; an old view of the repository gives it no power.
    if (!isVeto(said.action)) await assertFresh(ports, state, found, identity, now);
    assertSameState(said.preState, await preStateOf(ports, aws, state, said));
    assertSound(state, said);
  } else await assertNotRevived(ports, state, found, identity);
  await assertGuarded(aws, found, identity);
  const session: Session = { ports, actor, aws, identity, material };
  return { session, state, found };
}

/** The guard stands before each call anyway. Asked first, its no leaves the request approved, and its cause can be mended. */
async function assertGuarded({ authority }: Aws, found: Case, identity: Identity): Promise<void> {
  const calls = found.request.statement.predicate.calls.flatMap((call) =>
    call.service === 'kms' ? [{ ...call, service: call.service }] : [],
  );
  if (calls.length > 0) await authority.assertAllowable(calls, warrantOf(found, identity));
}

const NOTHING_TO_CALL: KeyWriter = {
  call: () => Promise.reject(new CustodyError('BUG', 'this action makes no call at AWS')),
};

/** A veto changes something too, but waits for nothing: it keeps a key alive. */
function changesAtAws({ action, calls }: RequestPredicate): boolean {
  return calls.some(({ service }) => service === 'kms') && !isVeto(action);
}

async function openWriter(session: Session, state: InForce, found: Case): Promise<KeyWriter> {
  const { aws, identity } = session;
  const { id, request } = found;
  const said = request.statement.predicate;
  if (isVeto(said.action)) return aws.authority.own(warrantOf(found, identity));
  if (!changesAtAws(said)) return NOTHING_TO_CALL;
  const entry = { roleArn: state.roster.executorRoleArn, sourceIdentity: identity.id, sessionName: id };
  return openExecutor(session, state, found, { ...entry, ...scopeOf(said) });
}

/** What a person can do after AWS's own no. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  LimitExceededException: [
    'Rotations on demand are limited for the life of a key; automatic ones (keys rotation) are not.',
  ],
};

async function finish(session: Session, found: Case, writer: KeyWriter, resumed: boolean): Promise<Executed> {
  const { ports } = session;
  const { intent } = found.verdict;
  if (!intent)
    throw new CustodyError('CONFLICT', `request ${found.id} is ${found.verdict.state}: ${found.verdict.because}`);
  const startedAt = ports.clock.now();
  const enforcement = await enforcementNow(session, found);
  const { outcome, next } = await carryOut(session, found, intent, writer, resumed);
  const receipt = await publishReceipt(session, found, intent, { startedAt, enforcement, ...outcome });
  const seen = await lookUp(ports, 'local');
  await tellIfPossible(ports, seen);
  const after = await caseOf(ports, seen, found.id);
  await sweepSlots(ports, session.aws, session.identity.id);
  if (outcome.error) {
    throw new CustodyError('REFUSED', `request ${found.id} failed and is spent: ${outcome.error.message}`, {
      details: { receipt },
      suggestions: NEXT[outcome.error.code] ?? next,
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
): Promise<{ readonly outcome: Outcome; readonly next: readonly string[] }> {
  const { ports, aws, material } = session;
  const request = found.request.statement.predicate;
  const intentAt = intent.statement.predicate.at;
  const { clock, random, progress } = ports;
  try {
    const run: Run = { request, reader: aws.reader, writer, clock, random, progress, intentAt, resumed, material };
    const { awsRequestIds, postState, key } = await applyOrAccept(session, found, run);
    const postStateDigest = digestOfJson(postState);
    return { outcome: { outcome: 'executed', awsRequestIds, postStateDigest, key, error: null }, next: [] };
  } catch (cause) {
    if (!(cause instanceof CustodyError) || (cause.exit !== 3 && cause.exit !== 4)) throw cause;
    return { outcome: failedOutcome(request, cause), next: cause.suggestions };
  }
}

/** What the failure left behind was not read, so nothing is claimed about it. */
function failedOutcome({ key }: RequestPredicate, cause: CustodyError): Outcome {
  const code = String(cause.details?.awsCode ?? cause.code).slice(0, 100);
  const error = { code, message: cause.message.slice(0, 1000) };
  return { outcome: 'failed', awsRequestIds: [], postStateDigest: null, key, error };
}

async function applyOrAccept({ ports, aws }: Session, { request }: Case, run: Run): Promise<Applied> {
  const said = request.statement.predicate;
  if (said.action === 'plan.update' || said.action === 'roster.update') {
    const { version, digest } = said.parameters;
    return { awsRequestIds: [], postState: { version: version ?? null, digest: digest ?? null }, key: null };
  }
  // The intent's way to the remote took time: look once more, now that nobody else can begin (T13).
  const state = await lookUp(ports, 'local');
  if (said.action === 'key.confirm-destroyed') {
    const postState = await preStateOf(ports, aws, state, said);
    assertSameState(said.preState, postState);
    return { awsRequestIds: [], postState, key: said.key };
  }
  if (!run.resumed) assertSameState(said.preState, await preStateOf(ports, aws, state, said));
  return apply(run);
}
