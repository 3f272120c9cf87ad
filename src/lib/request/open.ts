import { type JsonObject, type JsonValue, sameJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { addSeconds } from '../base/time.js';
import { planDigest } from '../plan/format.js';
import type { NumberedPlan } from '../plan/plan.js';
import { callsOf, classOf, isVeto } from '../record/action.js';
import type { ActionName } from '../record/action-names.js';
import { type OpenRecord, ofKind, open, requestIdOf } from '../record/envelope.js';
import { recordPath, requestFolder } from '../record/paths.js';
import { digestOfJson, type KeyRef, type RequestPredicate, type Statement } from '../record/statement.js';
import type { View } from '../record/store.js';
import { assertAccount } from './aws-check.js';
import type { Case } from './case.js';
import { caseOf, casesOf, identityIn, lookUp } from './desk.js';
import { assertFounded, type InForce } from './in-force.js';
import { assertPlanned } from './planned.js';
import type { Actor, Aws, Ports } from './ports.js';
import { preStateOf } from './pre-state.js';
import { draft, publishRecords, seenNow } from './publish.js';
import { executorOf } from './slots.js';
import { assertChanges, assertSound } from './sound.js';

/** What would be asked of the quorum, before anything is signed. */
export interface Prepared {
  readonly state: InForce;
  readonly proposal: Proposal;
  readonly preState: JsonObject;
  /** An open request for the same: key, action and parameters. */
  readonly existing: Case | null;
}

/** What is asked of the quorum. */
export interface Proposal {
  readonly action: ActionName;
  readonly region: string;
  readonly key: KeyRef | null;
  readonly parameters: JsonObject;
  readonly reason: string;
  /** Who is to execute it; null for any listed identity. */
  readonly executor: string | null;
}

export interface Opened {
  readonly case: Case;
  /** False when an open request for the same was there already: it is returned, not doubled. */
  readonly created: boolean;
  readonly pushed: boolean;
}

const OPEN_STATES: ReadonlySet<string> = new Set(['pending', 'approved', 'cooling', 'executing']);

export function isOpen({ verdict }: Case): boolean {
  return OPEN_STATES.has(verdict.state);
}

/**
 * Everything that opening a request takes, short of signing it.
 * @throws CustodyError PENDING while genesis is not signed by all · LIMIT_EXCEEDED with too many open requests (T65) ·
 *   REFUSED, FOREIGN_KEY for what no quorum may let through, or what would change nothing · what reading throws
 */
export async function prepareRequest(ports: Ports, aws: Aws, proposal: Proposal): Promise<Prepared> {
  const state = await lookUp(ports, 'remote-if-reachable');
  assertFounded(state);
  assertPlanned(proposal, state.plan.plan, state.roster);
  const candidates = (await casesOf(ports, state)).cases.filter(isOpen);
  const existing = candidates.find(({ request }) => isSame(request, proposal)) ?? null;
  const limit = state.plan.plan.quorum.maxOpenRequests;
  // A flood of requests must not keep out a veto (T29, T65).
  if (!existing && !isVeto(proposal.action) && candidates.length >= limit) {
    throw new CustodyError('LIMIT_EXCEEDED', `${candidates.length} requests are open, the plan allows ${limit}`, {
      suggestions: ['Decide or withdraw some first: custody keys pending.'],
    });
  }
  if (existing) {
    // Another tool may have made it: nobody is pointed to what no quorum may let through.
    assertSound(state, existing.request.statement.predicate);
    return { state, proposal, existing, preState: {} };
  }
  // A pre-state of another account, or a time of a wrong clock, must not get into a signed request (T12, T60).
  if (proposal.key) await assertAccount(aws, state.plan.plan, ports.clock.now());
  const preState = await preStateOf(ports, aws, state, proposal);
  assertSound(state, { ...proposal, preState });
  assertChanges({ ...proposal, preState });
  return { state, proposal, existing, preState };
}

/**
 * Opens a request: signs it with its pre-state and publishes it, or keeps it in the outbox without a network.
 * @throws CustodyError what `prepareRequest` throws · SIGNER_UNKNOWN · what signing and publishing throw
 */
export async function openRequest(ports: Ports, actor: Actor, aws: Aws, proposal: Proposal): Promise<Opened> {
  const { state, existing, preState } = await prepareRequest(ports, aws, proposal);
  identityIn(state, actor);
  if (existing) return { case: existing, created: false, pushed: true };
  const waits = await waitingFor(ports, proposal);
  if (waits !== null) throw waiting(waits);
  return publishRequest(ports, actor, state, proposal, preState);
}

/** The id of the same request where it waits for the network already: a retry must not sign another one. */
async function waitingFor({ store }: Ports, proposal: Proposal): Promise<string | null> {
  for (const [path, bytes] of await store.outbox()) {
    const request = ofKind(open(bytes, path), 'request');
    if (request && isSame(request, proposal)) return requestIdOf(request.digest);
  }
  return null;
}

function isSame({ statement }: OpenRecord<'request'>, { action, key, region, parameters }: Proposal): boolean {
  const said = statement.predicate;
  if (said.action !== action || said.region !== region) return false;
  if (key === null) return digestOfJson(said.parameters) === digestOfJson(parameters);
  if (said.key?.name !== key.name || said.key.arn !== key.arn) return false;
  // One creation of a key at a time, whatever it says; two different grants or policies are two requests.
  return action === 'key.create' || action === 'key.succeed' || sameJson(said.parameters, parameters);
}

async function publishRequest(
  ports: Ports,
  actor: Actor,
  state: InForce,
  proposal: Proposal,
  preState: JsonObject,
): Promise<Opened> {
  const statement = requestStatement(ports, actor, state, proposal, preState);
  // The folder follows from the digest of what was signed, so it is known only afterwards.
  const signed = await draft(actor, statement, requestFolder('r-'));
  const id = requestIdOf(signed.record.digest);
  const placed = { ...signed, path: recordPath(requestFolder(id), signed.record.fileDigest) };
  const message = `Request ${id}: ${proposal.action}${proposal.key ? ` ${proposal.key.name}` : ''}`;
  const assertStill = await nobodyElse(state, proposal);
  try {
    const { pushed } = await publishRecords(ports, [placed], { message, mayWait: true, assertStill });
    if (!pushed) throw waiting(id);
  } catch (cause) {
    const theirs = await openMeanwhile(ports, proposal, cause);
    if (theirs === null) throw cause;
    return { case: theirs, created: false, pushed: true };
  }
  return { case: await caseOf(ports, await lookUp(ports, 'local'), id), created: true, pushed: true };
}

/** The request for the same that another machine was faster with: as good as one of one's own, while it is open. */
async function openMeanwhile(ports: Ports, proposal: Proposal, cause: unknown): Promise<Case | null> {
  if (!(cause instanceof CustodyError) || cause.code !== 'CONFLICT') return null;
  const { cases } = await casesOf(ports, await lookUp(ports, 'remote'));
  return cases.find((item) => isOpen(item) && isSame(item.request, proposal)) ?? null;
}

/** Refuses once a request for the same has come in since: two who ask at once would rotate twice. */
async function nobodyElse({ view: before }: InForce, proposal: Proposal): Promise<(view: View) => Promise<void>> {
  const known = new Set(await before.pathsUnder('records/r-'));
  return async (view) => {
    const fresh = (await view.pathsUnder('records/r-')).filter((path) => !known.has(path));
    for (const [path, bytes] of await view.read(fresh)) {
      const request = requestIn(bytes, path);
      if (!request || !isSame(request, proposal)) continue;
      const id = requestIdOf(request.digest);
      throw new CustodyError('CONFLICT', `request ${id} of ${request.statement.predicate.by} asks for the same`, {
        details: { id },
        suggestions: ['Run the command again: it answers the request that is open.'],
      });
    }
  };
}

/** What is no record counts for nothing, also here. */
function requestIn(bytes: Uint8Array, path: string): OpenRecord<'request'> | null {
  try {
    return ofKind(open(bytes, path), 'request');
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

/** Not a failure of the request: it is signed and goes out with the next contact. */
function waiting(id: string): CustodyError {
  return new CustodyError('REMOTE_UNREACHABLE', `request ${id} is signed and waits in this clone for the network`, {
    details: { id },
    suggestions: ['Run any custody command that reaches the remote; it publishes what waits.'],
  });
}

function requestStatement(
  ports: Ports,
  actor: Actor,
  state: InForce,
  proposal: Proposal,
  preState: JsonObject,
): Statement {
  const { plan } = state.plan;
  const now = ports.clock.now();
  const nonce = Buffer.from(ports.random(16)).toString('hex');
  const subject = { repository: state.roster.repository, region: proposal.region, key: proposal.key, nonce };
  const calls = callsOf(proposal.action, subject, proposal.parameters);
  const executor = executorOf(plan, { ...proposal, calls }, proposal.executor, actor.identity.id);
  const predicate: RequestPredicate = {
    ...proposal,
    executor,
    ...placeOf(state),
    tool: ports.tool,
    class: classOf(proposal.action),
    calls,
    preState,
    nonce,
    by: actor.identity.id,
    at: now,
    approveBy: addSeconds(now, plan.quorum.approvalWindowSeconds),
    executeWithinSeconds: plan.quorum.executionWindowSeconds,
    seen: seenNow(ports, state.head, plan.quorum.freshnessSeconds),
  };
  return {
    kind: 'request',
    subjects: [{ name: 'calls', digest: digestOfJson(calls as unknown as JsonValue) }],
    predicate,
  };
}

/** Where a request counts, and by which rules: in this repository, account and place only (T4). */
function placeOf({ plan, planDigest: ofPlan, roster, rosterDigest: ofRoster }: InForce) {
  const { partition, account, environment } = plan.plan;
  return {
    repository: roster.repository,
    plan: { version: plan.version, digest: ofPlan },
    roster: { version: roster.version, digest: ofRoster },
    partition,
    account,
    endpoint: environment,
  };
}

/** The proposal that puts a plan in force after the one that is. */
export function planProposal(
  current: NumberedPlan,
  plan: NumberedPlan['plan'],
  reason: string,
  executor: string | null,
): Proposal {
  const next: NumberedPlan = { version: current.version + 1, previous: planDigest(current), plan };
  const parameters = { version: next.version, digest: planDigest(next), document: next as unknown as JsonObject };
  return { action: 'plan.update', region: current.plan.regions.primary, key: null, parameters, reason, executor };
}
