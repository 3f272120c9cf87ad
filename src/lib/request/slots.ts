import type { Digest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { Plan } from '../plan/plan.js';
import { formatSlot, formatSlotName, parseSlot, parseSlotName, type Slot } from '../policy/slot.js';
import { type SlotPlace, slotStepsOf } from '../policy/slot-steps.js';
import { isVeto } from '../record/action.js';
import type { ActionName } from '../record/action-names.js';
import type { RequestPredicate, SignedCall } from '../record/statement.js';

/** What a request needs at AWS before KMS lets its call through: the same value in the slots of a quorum, for its key. */
export interface NeededSlot {
  readonly keyName: string;
  readonly value: string;
}

type Said = Pick<RequestPredicate, 'action' | 'calls' | 'key' | 'region'>;
type Executed = Said & Pick<RequestPredicate, 'executor'>;

/** Actions of several steps whose progress AWS shows (slot-progress.ts). Between two steps custodians set their next slots. */
const STEPPED: ReadonlySet<ActionName> = new Set(['key.rotate-imported']);

/**
 * The slot of a request, of its first step where it has several: what an approval names. Null where KMS asks for none: without
 * an interlock, for what makes a key, for vetoes and documents.
 * @throws CustodyError REFUSED for a request that no slot can let through
 */
export function neededSlot(plan: Pick<Plan, 'interlock'>, said: Executed, digest: Digest): NeededSlot | null {
  return neededSlots(plan, said, digest)[0] ?? null;
}

/** The slots of a request, one a step, in the order of its calls. @throws CustodyError REFUSED as `neededSlot` does */
export function neededSlots(plan: Pick<Plan, 'interlock'>, said: Executed, digest: Digest): readonly NeededSlot[] {
  const places = placesIn(plan, said);
  const { key, executor } = said;
  if (places.length === 0 || key === null) return [];
  if (executor === null) {
    throw new CustodyError('REFUSED', 'the request names no executor, and under the interlock an approval is for one', {
      suggestions: ['Withdraw it and open it again.'],
    });
  }
  const digestHex = digest.slice('sha256:'.length);
  return places.map((place) => ({ keyName: key.name, value: formatSlot({ ...place, digestHex, executor }) }));
}

/** The slot that a call of the request needs, of those of its steps. */
export function slotOfCall(needed: readonly NeededSlot[], call: SignedCall, keyId: string): NeededSlot | null {
  const [[place] = []] = slotStepsOf([call], keyId);
  const isPlace = (slot: Slot | null) => slot?.class === place?.class && slot?.region === place?.region;
  return needed.find(({ value }) => isPlace(parseSlot(value))) ?? null;
}

/** Under the interlock an approval is for one executor: this one where the request's opener names none. */
export function executorOf(plan: Pick<Plan, 'interlock'>, said: Said, named: string | null, opener: string) {
  return named ?? (placesIn(plan, said).length === 0 ? null : opener);
}

/** The slot of each step, on the request's own key. @throws CustodyError REFUSED where a step has none */
function placesIn({ interlock }: Pick<Plan, 'interlock'>, said: Said): readonly SlotPlace[] {
  const keyId = said.key?.keyId ?? null;
  const steps = interlock ? slotStepsOf(guardedCalls(said), keyId) : [];
  const own = steps.flatMap((step) => step.find((place) => place.keyId === keyId) ?? []);
  if (own.length === steps.length && (steps.length <= 1 || STEPPED.has(said.action))) return own;
  throw new CustodyError(
    'REFUSED',
    `${said.action}: under the interlock one request is one kind of call in one Region`,
    { details: { calls: said.calls.map(({ operation, region }) => `${operation} ${region}`) } },
  );
}

/** The calls that the live key policy judges: the alias of a new replica meets the policy that the replica brings. */
function guardedCalls({ action, calls }: Said): readonly SignedCall[] {
  if (isVeto(action)) return [];
  return action === 'key.replicate' ? calls.filter(({ operation }) => operation === 'ReplicateKey') : calls;
}

export function slotNameOf(custodian: string, { keyName }: Pick<NeededSlot, 'keyName'>): string {
  return formatSlotName({ custodian, keyName });
}

/** The custodians whose slot at AWS says what the request needs. */
export function holdersOf({ keyName, value }: NeededSlot, tags: ReadonlyMap<string, string>): readonly string[] {
  return [...tags].flatMap(([tagKey, tagValue]) => {
    const name = parseSlotName(tagKey);
    return name?.keyName === keyName && tagValue === value ? [name.custodian] : [];
  });
}

/** Slots that stand for no request: left over, or never ours to use. @param stands whether one does */
export function staleSlots(
  tags: ReadonlyMap<string, string>,
  stands: (digest: string, value: string) => boolean,
): readonly string[] {
  return [...tags].flatMap(([tagKey, value]) => {
    if (parseSlotName(tagKey) === null) return [];
    const slot = parseSlot(value);
    return slot !== null && stands(`sha256:${slot.digestHex}`, value) ? [] : [tagKey];
  });
}
