import { CustodyError } from '../../base/errors.js';
import { isObject } from '../../base/fields.js';
import { addSeconds } from '../../base/time.js';
import type { Plan } from '../../plan/plan.js';
import { parseSlot, parseSlotName, type SlotName } from '../../policy/slot.js';
import type { Judged } from '../../quorum/evidence.js';
import { CLOCK_TOLERANCE_SECONDS } from '../../quorum/evidence.js';
import type { Case } from '../../request/case.js';
import { type NeededSlot, neededSlots } from '../../request/slots.js';
import type { TrailEvent } from '../../trail/event.js';
import { IAM_EVENTS } from './change.js';
import { eventFinding, type ReconcileFinding } from './finding.js';

/** Who may touch approval slots, in every roster that there was. */
export interface SlotHolders {
  readonly plan: Pick<Plan, 'account' | 'interlock'>;
  /** Executor roles, the cold one among them. */
  readonly executors: ReadonlySet<string>;
  /** Roles of each seat by its id. */
  readonly seats: ReadonlyMap<string, ReadonlySet<string>>;
}

/** IAM compares the names of tags without regard to case, policies do too (T57). */
const SLOT_LIKE = /^custody:/i;
/** What an approval may be ignored for and still be one that its seat has signed. */
const SIGNED: ReadonlySet<Judged<'approval'>['ignoredBecause']> = new Set([
  null,
  'withdrawn',
  'same-person',
  'after-the-intent',
]);

/** Looks at every approval slot that was set or taken away. */
export function judgeSlots(events: readonly TrailEvent[], cases: readonly Case[], holders: SlotHolders) {
  const byDigest = new Map(cases.map((found) => [found.request.digest.slice('sha256:'.length), found]));
  const own = events.filter((event) => isSlotChange(event, holders));
  const findings = own.flatMap((event) =>
    event.name === 'TagRole'
      ? slotTags(event).flatMap(([name, value]) => judgeSet(event, name, value, byDigest, holders))
      : tagNames(event).flatMap((name) => judgeCleared(event, name, holders)),
  );
  return { findings, slots: own.length };
}

function isSlotChange({ source, errorCode, account, parameters }: TrailEvent, { plan, executors }: SlotHolders) {
  if (source !== IAM_EVENTS || errorCode !== null || account !== plan.account) return false;
  return [...executors].some((arn) => arn.split('/').at(-1) === parameters.roleName);
}

function judgeSet(
  event: TrailEvent,
  tagKey: string,
  value: string,
  byDigest: ReadonlyMap<string, Case>,
  holders: SlotHolders,
): readonly ReconcileFinding[] {
  const what = `TagRole ${tagKey}`;
  const name = parseSlotName(tagKey);
  const slot = parseSlot(value);
  if (name === null)
    return [eventFinding('slot-by-another', event, { what, because: 'no slot of a seat has this name' })];
  const found = slot === null ? undefined : byDigest.get(slot.digestHex);
  const request = found === undefined ? {} : { request: found.id };
  const another = isSeat(event, name, holders)
    ? []
    : [eventFinding('slot-by-another', event, { what, because: `it is the slot of ${name.custodian}`, ...request })];
  if (found === undefined) {
    const because = slot === null ? 'no approval has such a value' : 'there is no request of this digest';
    return [...another, eventFinding('slot-without-approval', event, { what, because })];
  }
  const wrong = wrongSlot(event, name, value, found, holders.plan);
  return [
    ...another,
    ...(wrong ? [eventFinding(wrong.id, event, { what, because: wrong.because, request: found.id })] : []),
  ];
}

type Wrong = { readonly id: 'slot-without-approval' | 'slot-too-early'; readonly because: string };

function wrongSlot(
  { at }: TrailEvent,
  name: SlotName,
  value: string,
  { id, request, verdict }: Case,
  plan: Pick<Plan, 'interlock'>,
): Wrong | null {
  const steps = stepsOf(plan, request);
  if (!steps.some((needed) => needed.value === value && needed.keyName === name.keyName))
    return { id: 'slot-without-approval', because: `${id} is for another call, key or executor than the slot says` };
  const signed = verdict.approvals.filter(
    ({ signer, ignoredBecause }) => signer?.id === name.custodian && SIGNED.has(ignoredBecause),
  );
  const until = addSeconds(at, CLOCK_TOLERANCE_SECONDS);
  if (!signed.some(({ record }) => record.statement.predicate.at <= until))
    return { id: 'slot-without-approval', because: `${name.custodian} had not signed an approval of ${id}` };
  if (verdict.coolUntil === null || until >= verdict.coolUntil) return null;
  return { id: 'slot-too-early', because: `the cool-off of ${id} ended only at ${verdict.coolUntil}` };
}

function stepsOf(plan: Pick<Plan, 'interlock'>, { statement, digest }: Case['request']): readonly NeededSlot[] {
  try {
    return neededSlots(plan, statement.predicate, digest);
  } catch (cause) {
    if (cause instanceof CustodyError) return [];
    throw cause;
  }
}

function judgeCleared(event: TrailEvent, tagKey: string, holders: SlotHolders): readonly ReconcileFinding[] {
  const name = parseSlotName(tagKey);
  const { principalArn } = event;
  const sweeps = principalArn !== null && holders.executors.has(principalArn);
  if (!SLOT_LIKE.test(tagKey) || sweeps || (name !== null && isSeat(event, name, holders))) return [];
  const because = `it is the slot of ${name?.custodian ?? 'nobody'}, and this is not the executor either`;
  return [eventFinding('slot-taken-away', event, { what: `UntagRole ${tagKey}`, because })];
}

function isSeat({ principalArn }: TrailEvent, { custodian }: SlotName, { seats }: SlotHolders): boolean {
  return principalArn !== null && seats.get(custodian)?.has(principalArn) === true;
}

function slotTags({ parameters: { tags } }: TrailEvent): readonly (readonly [string, string])[] {
  return (Array.isArray(tags) ? tags : []).flatMap((tag) =>
    isObject(tag) && typeof tag.key === 'string' && SLOT_LIKE.test(tag.key)
      ? [[tag.key, String(tag.value ?? '')] as const]
      : [],
  );
}

function tagNames({ parameters: { tagKeys } }: TrailEvent): readonly string[] {
  return (Array.isArray(tagKeys) ? tagKeys : []).filter((name) => typeof name === 'string');
}
