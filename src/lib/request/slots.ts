import type { Digest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { Plan } from '../plan/plan.js';
import { formatSlot, formatSlotName, parseSlot, parseSlotName } from '../policy/slot.js';
import { type SlotPlace, slotStepsOf } from '../policy/slot-steps.js';
import { isVeto } from '../record/action.js';
import type { RequestPredicate, SignedCall } from '../record/statement.js';

/** What a request needs at AWS before KMS lets its call through: the same value in the slots of a quorum, for its key. */
export interface NeededSlot {
  readonly keyName: string;
  readonly value: string;
}

type Said = Pick<RequestPredicate, 'action' | 'calls' | 'key' | 'region'>;

/**
 * The slot of a request; null where KMS asks for none: without an interlock, for what makes a key, for vetoes and documents.
 * @throws CustodyError REFUSED for a request that no slot can let through
 */
export function neededSlot(
  plan: Pick<Plan, 'interlock'>,
  said: Said & Pick<RequestPredicate, 'executor'>,
  digest: Digest,
): NeededSlot | null {
  const place = placeIn(plan, said);
  const { key, executor } = said;
  if (place === null || key === null) return null;
  if (executor === null) {
    throw new CustodyError('REFUSED', 'the request names no executor, and under the interlock an approval is for one', {
      suggestions: ['Withdraw it and open it again.'],
    });
  }
  const digestHex = digest.slice('sha256:'.length);
  const value = formatSlot({ ...place, digestHex, executor });
  return { keyName: key.name, value };
}

/** Under the interlock an approval is for one executor: this one where the request's opener names none. */
export function executorOf(plan: Pick<Plan, 'interlock'>, said: Said, named: string | null, opener: string) {
  return named ?? (placeIn(plan, said) === null ? null : opener);
}

/** The one slot that lets all calls of the request through. @throws CustodyError REFUSED where there is none */
function placeIn({ interlock }: Pick<Plan, 'interlock'>, said: Said): SlotPlace | null {
  const keyId = said.key?.keyId ?? null;
  const [step = [], ...more] = interlock ? slotStepsOf(guardedCalls(said), keyId) : [];
  if (step.length === 0) return null;
  const own = step.find((place) => place.keyId === keyId);
  if (own && more.length === 0) return own;
  throw new CustodyError(
    'REFUSED',
    `${said.action}: under the interlock one request is one kind of call in one Region`,
    {
      details: { calls: said.calls.map(({ operation, region }) => `${operation} ${region}`) },
      suggestions:
        said.action === 'key.rotate-imported'
          ? ['Import the material into each Region by a request of its own (keys import), then keys rotate.']
          : [],
    },
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

/** Slots that stand for none of these requests: left over, or never ours to use. */
export function staleSlots(tags: ReadonlyMap<string, string>, open: ReadonlySet<string>): readonly string[] {
  return [...tags].flatMap(([tagKey, value]) => {
    if (parseSlotName(tagKey) === null) return [];
    const slot = parseSlot(value);
    return slot !== null && open.has(`sha256:${slot.digestHex}`) ? [] : [tagKey];
  });
}
