import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { parseSlotName, TAGS_A_ROLE } from '../policy/slot.js';
import type { Roster } from '../roster/roster.js';
import { assertAccount } from './aws-check.js';
import type { Case } from './case.js';
import { caseOf, casesOf, identityIn, lookUp } from './desk.js';
import type { InForce } from './in-force.js';
import { isOpen } from './open.js';
import type { Actor, Aws, Ports } from './ports.js';
import { nextSlot, slotsOf, stepsIn } from './slot-progress.js';
import { holdersOf, type NeededSlot, slotNameOf } from './slots.js';

export interface Armed {
  readonly case: Case;
  /** Null where KMS asks for no slot. */
  readonly slot: { readonly tagKey: string; readonly value: string } | null;
}

/**
 * Sets the own approval slot of a request whose approval one has signed: after the cool-off of its class, or when setting it
 * failed while approving, or for the next step of one that is under way. Setting it twice is the same.
 * @throws CustodyError PENDING before the cool-off has ended · REQUEST_ENDED · REFUSED without an own approval that counts, or
 *   while the slot holds another open request · DENIED, UNAVAILABLE
 */
export async function arm(ports: Ports, actor: Actor, aws: Aws, id: string, dryRun = false): Promise<Armed> {
  const state = await lookUp(ports, 'remote');
  const { id: by } = identityIn(state, actor);
  const found = await caseOf(ports, state, id);
  const { verdict } = found;
  if (!isOpen(found)) {
    throw new CustodyError('REQUEST_ENDED', `request ${id} is ${verdict.state}: ${verdict.because}`);
  }
  if (!verdict.approvals.some(({ counted, signer }) => counted && signer?.id === by)) {
    throw new CustodyError('REFUSED', `${by} has no approval on ${id} that counts`, {
      suggestions: [`custody keys approve ${id}`],
    });
  }
  const needed = await nextSlot(aws.reader, state, found);
  if (needed !== null) {
    assertMayArm(state, found);
    await assertAccount(aws, state.plan.plan, ports.clock.now());
    await assertSlotFree(ports, aws, state, by, needed);
    if (!dryRun) await setSlotOrSay(aws, state.roster, by, needed);
  }
  return { case: found, slot: needed && { tagKey: slotNameOf(by, needed), value: needed.value } };
}

/** The slot of a request, of its first step where it has several. @throws CustodyError REFUSED */
export function neededIn(state: InForce, found: Case): NeededSlot | null {
  return stepsIn(state, found)[0] ?? null;
}

/** Tags know no cool-off: with a slot that is set before it ends, KMS would not wait either. */
export function coolsOff({ plan }: InForce, { request }: Case): boolean {
  return (plan.plan.quorum.classes[request.statement.predicate.class]?.coolOffSeconds ?? 0) > 0;
}

function assertMayArm(state: InForce, found: Case): void {
  const { id, verdict } = found;
  if (!coolsOff(state, found) || verdict.state === 'approved' || verdict.state === 'executing') return;
  throw new CustodyError('PENDING', `request ${id} is ${verdict.state}: ${verdict.because}`, {
    details: { state: verdict.state, coolUntil: verdict.coolUntil },
    suggestions: ['The slot is set after the cool-off, so that KMS waits too.'],
  });
}

/** @throws CustodyError REFUSED while the own slot for the key stands for another request that is open · LIMIT_EXCEEDED without room for it */
export async function assertSlotFree(
  ports: Ports,
  aws: Pick<Aws, 'slots'>,
  state: InForce,
  by: string,
  needed: NeededSlot,
): Promise<void> {
  const tags = await aws.slots.list(state.roster.executorRoleArn);
  const there = tags.get(slotNameOf(by, needed));
  if (there === undefined) assertRoom(state.roster, tags, slotNameOf(by, needed));
  if (there === undefined || there === needed.value) return;
  const { cases } = await casesOf(ports, state);
  const holder = cases.find((one) => {
    const values = isOpen(one) ? slotsOf(state, one).map(({ value }) => value) : [];
    // A slot of the step before makes room for the next one of the same request.
    return values.includes(there) && !values.includes(needed.value);
  });
  if (!holder) return;
  throw new CustodyError(
    'REFUSED',
    `your approval slot for ${needed.keyName} holds request ${holder.id}, which is open`,
    {
      details: { reason: 'slot-taken', id: holder.id },
      suggestions: [
        `Let it be executed first, or take the approval back: custody keys withdraw ${holder.id} --approval`,
      ],
    },
  );
}

/**
 * That as many tags more fit on the executor role as approvals are needed: a plan of 16 keys may have 48 of 50.
 * @throws CustodyError LIMIT_EXCEEDED
 */
export async function assertRoomFor(
  { slots }: Pick<Aws, 'slots'>,
  { plan: { plan }, roster }: InForce,
  keyName: string,
): Promise<void> {
  if (!plan.interlock) return;
  const tags = await slots.list(roster.executorRoleArn);
  const own = [...tags.keys()].filter((tagKey) => parseSlotName(tagKey)?.keyName === keyName).length;
  if (tags.size - own + roster.threshold <= TAGS_A_ROLE) return;
  throw noRoom(roster, tags, `the approval slots of ${roster.threshold} custodians`, { needed: roster.threshold });
}

/** @throws CustodyError LIMIT_EXCEEDED where the role can hold no tag more */
function assertRoom(roster: Roster, tags: ReadonlyMap<string, string>, tagKey: string): void {
  if (tags.size >= TAGS_A_ROLE) throw noRoom(roster, tags, tagKey, { tagKey });
}

/** Names the limit, and each way to make room. */
function noRoom(
  { executorRoleArn }: Roster,
  tags: ReadonlyMap<string, string>,
  what: string,
  more: JsonObject,
): CustodyError {
  const others = [...tags.keys()].filter((tagKey) => parseSlotName(tagKey) === null).sort();
  const role = executorRoleArn.split('/').at(-1) ?? '';
  return new CustodyError(
    'LIMIT_EXCEEDED',
    `the executor role has ${tags.size} tags of ${TAGS_A_ROLE}, IAM takes no more: no room for ${what}`,
    {
      details: { tags: tags.size, slots: tags.size - others.length, others, limit: TAGS_A_ROLE, ...more },
      suggestions: [
        'Let what is approved be executed first: that clears its slots, and those of no open request (custody keys execute --ready).',
        'Or a custodian takes an own approval back, with its slot: custody keys withdraw ID --approval',
        ...(others.length > 0
          ? [
              `Or take tags away that are no approval slots: aws iam untag-role --role-name ${role} --tag-keys ${others.join(' ')}`,
            ]
          : []),
      ],
    },
  );
}

/** IAM has said no after all: somebody took the last tag since it was looked at. */
export async function setSlotOrSay(
  aws: Pick<Aws, 'slots'>,
  roster: Roster,
  by: string,
  needed: NeededSlot,
): Promise<void> {
  try {
    await setSlot(aws, roster, by, needed);
  } catch (cause) {
    if (!(cause instanceof CustodyError) || cause.code !== 'LIMIT_EXCEEDED') throw cause;
    assertRoom(roster, await aws.slots.list(roster.executorRoleArn), slotNameOf(by, needed));
    throw cause;
  }
}

/** Did `assertSlotFree` say no? Then it is a matter of waiting. */
export function isSlotTaken(cause: unknown): cause is CustodyError {
  return cause instanceof CustodyError && cause.details?.reason === 'slot-taken';
}

function setSlot(aws: Pick<Aws, 'slots'>, roster: Roster, by: string, needed: NeededSlot): Promise<void> {
  return aws.slots.set(roster.executorRoleArn, slotNameOf(by, needed), needed.value);
}

/**
 * The request, where nothing of this custodian's on it may let a call through any more: it is over, or its approval was
 * taken back. Null while an execution runs, which may need the slot.
 */
export async function leavesSlot(ports: Ports, id: string, by: string): Promise<Case | null> {
  const found = await caseOf(ports, await lookUp(ports, 'local'), id);
  const { state, approvals } = found.verdict;
  const stands = isOpen(found) && approvals.some(({ counted, signer }) => counted && signer?.id === by);
  return state === 'executing' || stands ? null : found;
}

/**
 * Takes the own slot away where it stands for this request. A veto works without AWS, so a failure is only told: the next
 * execution sweeps what is left.
 */
export async function disarm(ports: Ports, aws: Pick<Aws, 'slots'>, found: Case, by: string): Promise<boolean> {
  const state = await lookUp(ports, 'local');
  const steps = slotsOf(state, found);
  if (steps.length === 0) return false;
  const { executorRoleArn } = state.roster;
  try {
    const tags = await aws.slots.list(executorRoleArn);
    const held = steps.find((needed) => holdersOf(needed, tags).includes(by));
    if (held === undefined) return false;
    await aws.slots.clear(executorRoleArn, [slotNameOf(by, held)]);
    return true;
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    ports.progress(`Your approval slot at AWS could not be cleared: ${cause.message}`);
    return false;
  }
}
