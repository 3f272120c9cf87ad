import type { Digest } from '../base/bytes.js';
import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { type PolicyLine, policyInWords } from '../policy/words.js';
import { demandOf } from '../quorum/count.js';
import { signerOf } from '../quorum/signer.js';
import { changesOf, isVeto, riskOf, sentenceOf, undoOf } from '../record/action.js';
import type { Change, Risk } from '../record/action-row.js';
import type { RequestPredicate } from '../record/statement.js';
import type { Identity, Roster } from '../roster/roster.js';
import { assertSlotFree, coolsOff, setSlotOrSay } from './arm.js';
import { assertSameState } from './assert-state.js';
import { assertAccount } from './aws-check.js';
import type { Case } from './case.js';
import { caseOf, identityIn, lookUp } from './desk.js';
import type { InForce } from './in-force.js';
import { assertPlanned } from './planned.js';
import type { Actor, Aws, Ports } from './ports.js';
import { preStateOf } from './pre-state.js';
import { draftFor, publishRecords, seenNow } from './publish.js';
import { stepsIn } from './slot-progress.js';
import { type NeededSlot, slotNameOf } from './slots.js';
import { assertSound } from './sound.js';

/** The approver's slot: a tag of the executor role. */
export interface ReviewedSlot extends NeededSlot {
  readonly tagKey: string;
  /** Its class has a cool-off, and the slot is set after it (`keys arm`). */
  readonly later: boolean;
  /** Of a request of several steps: the slots that follow this one, each set when the step before is done. */
  readonly next: readonly string[];
}

/** Everything that an approver sees before signing, computed on the approver's own machine (T3). */
export interface Review {
  readonly case: Case;
  readonly state: InForce;
  readonly identity: Identity;
  readonly sentence: string;
  readonly risk: Risk;
  readonly changes: readonly Change[];
  /** What would take it back; null where nothing can. */
  readonly undo: string | null;
  /** The key policy of each key that it would make, in words. */
  readonly policies: readonly { readonly region: string; readonly lines: readonly PolicyLine[] }[];
  /** The state at AWS right now. */
  readonly live: JsonObject;
  /** What the approval sets at AWS; null where KMS asks for no slot. */
  readonly slot: ReviewedSlot | null;
  readonly host: string;
  /** A digest of what was reviewed is not enough for this class: a person must be at the terminal. */
  readonly presence: boolean;
}

/**
 * Gathers what the approver must see, and refuses what could not be approved anyway.
 * @throws CustodyError REQUEST_ENDED, REFUSED, PRE_STATE_CHANGED, ENDPOINT_REFUSED, CLOCK_SKEW and what reading throws
 */
export async function reviewRequest(ports: Ports, actor: Actor, aws: Aws, id: string): Promise<Review> {
  const state = await lookUp(ports, 'remote');
  const identity = identityIn(state, actor);
  const found = await caseOf(ports, state, id);
  assertMayApprove(found, identity);
  await assertAccount(aws, state.plan.plan, ports.clock.now());
  const said = found.request.statement.predicate;
  assertPlanned(said, found.rules.plan, found.rules.roster);
  const live = await preStateOf(ports, aws, state, said);
  assertSameState(said.preState, live);
  assertSound(state, said);
  const slot = await slotFor(ports, aws, state, found, identity);
  return {
    case: found,
    state,
    identity,
    sentence: sentenceOf(said),
    risk: riskOf(said.action),
    changes: changesOf(said),
    undo: undoOf(said),
    policies: policiesOf(said),
    live,
    slot,
    host: aws.host,
    presence: !isVeto(said.action) && (state.plan.plan.quorum.classes[said.class]?.presence ?? false),
  };
}

/** The slot that the approval will set. @throws CustodyError REFUSED while it stands for another open request */
async function slotFor(
  ports: Ports,
  aws: Aws,
  state: InForce,
  found: Case,
  { id }: Identity,
): Promise<ReviewedSlot | null> {
  const [needed, ...more] = stepsIn(state, found);
  if (needed === undefined) return null;
  await assertSlotFree(ports, aws, state, id, needed);
  const next = more.map(({ value }) => value);
  return { ...needed, tagKey: slotNameOf(id, needed), later: coolsOff(state, found), next };
}

/** The policies inside the very calls that would be made: not what the requester says of them. */
function policiesOf({ action, calls, account }: RequestPredicate): Review['policies'] {
  // A policy that replaces another one is shown against it.
  if (action === 'key.policy') return [];
  return calls.flatMap(({ region, parameters }) => {
    if (typeof parameters.Policy !== 'string') return [];
    const where = typeof parameters.ReplicaRegion === 'string' ? parameters.ReplicaRegion : region;
    return [{ region: where, lines: policyInWords(parameters.Policy, `the key policy for ${where}`, account) }];
  });
}

function assertMayApprove({ id, request, rules, verdict }: Case, identity: Identity): void {
  const said = request.statement.predicate;
  if (!['pending', 'approved', 'cooling'].includes(verdict.state)) {
    throw new CustodyError('REQUEST_ENDED', `request ${id} is ${verdict.state}: ${verdict.because}`, {
      details: { state: verdict.state },
    });
  }
  if (identity.kind !== 'custodian')
    throw new CustodyError('REFUSED', `${identity.id} is automation: only custodians approve`);
  if (verdict.approvals.some(({ counted, signer }) => counted && signer?.person === identity.person)) {
    throw new CustodyError('REFUSED', `${identity.id} has already approved ${id}: one person counts once`, {
      details: { reason: 'same-person', id },
      suggestions: ['Another custodian must approve it.'],
    });
  }
  const selfApproval = demandOf(rules.plan, rules.roster, said).selfApproval;
  if (!selfApproval && verdict.requester.person === identity.person) {
    throw new CustodyError('REFUSED', `the plan does not let ${identity.id} approve an own request`, {
      details: { reason: 'self-approval', id },
    });
  }
}

/**
 * Signs and publishes an approval of exactly what was reviewed.
 * @param reviewed the request digest that the person or script names as reviewed
 * @throws CustodyError REVIEW_MISMATCH · LIMIT_EXCEEDED, REFUSED where its slot has no room any more · SIGNATURE_INVALID, SIGNER_UNKNOWN when the own signature does not verify
 *   against the roster · REMOTE_UNREACHABLE
 */
export async function approve(
  ports: Ports,
  actor: Actor,
  aws: Pick<Aws, 'slots'>,
  review: Review,
  reviewed: Digest,
): Promise<Case> {
  const { request, id } = review.case;
  if (reviewed !== request.digest) {
    throw new CustodyError('REVIEW_MISMATCH', 'what was reviewed is not what is in the repository', {
      details: { reviewed, found: request.digest },
    });
  }
  const { plan, roster, head } = review.state;
  // A person has looked for a while: where the slot has no room any more, nothing is signed that could let nothing through.
  if (review.slot && !review.slot.later)
    await assertSlotFree(ports, aws, review.state, review.identity.id, review.slot);
  const statement = {
    kind: 'approval',
    subjects: [{ name: 'request', digest: request.digest }],
    predicate: {
      tool: ports.tool,
      repository: roster.repository,
      request: request.digest,
      by: review.identity.id,
      at: ports.clock.now(),
      seen: seenNow(ports, head, plan.plan.quorum.freshnessSeconds),
      nonce: Buffer.from(ports.random(16)).toString('hex'),
      ...(review.slot ? { slot: review.slot.value } : {}),
    },
  } as const;
  const signed = await draftFor(actor, statement, id);
  const signer = signerOf(signed.record, roster, ...(review.case.rules.next ? [review.case.rules.next.roster] : []));
  if (typeof signer === 'string')
    throw new CustodyError('SIGNATURE_INVALID', 'the own signature does not verify against the roster');
  await publishRecords(ports, [signed], { message: `Approve ${id}` });
  // Only now: a slot without a signed approval would let KMS count what nobody can check.
  if (review.slot && !review.slot.later) await armOrSay(aws, roster, review.identity.id, review.slot, id);
  return caseOf(ports, await lookUp(ports, 'local'), id);
}

/** The approval is signed and published whatever comes of its slot; a person must know what is left to do. */
async function armOrSay(
  aws: Pick<Aws, 'slots'>,
  roster: Roster,
  by: string,
  slot: NeededSlot,
  id: string,
): Promise<void> {
  try {
    await setSlotOrSay(aws, roster, by, slot);
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    throw new CustodyError(cause.code, `${id} is approved, but your slot at AWS could not be set: ${cause.message}`, {
      details: { ...cause.details, tagKey: slotNameOf(by, slot) },
      suggestions: [...cause.suggestions, `custody keys arm ${id}`],
      cause,
    });
  }
}
