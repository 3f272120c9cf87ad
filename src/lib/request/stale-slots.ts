import { CustodyError } from '../base/errors.js';
import type { Difference } from '../plan/estate.js';
import type { Plan } from '../plan/plan.js';
import { parseSlot, parseSlotName } from '../policy/slot.js';
import type { Roster } from '../roster/roster.js';
import type { Case } from './case.js';
import { isOpen } from './open.js';
import { neededSlots } from './slots.js';

/** An approval slot that lets something through which nobody waits for (T55, T57). */
export interface StaleSlot {
  readonly roleArn: string;
  readonly tagKey: string;
  readonly value: string;
  /** Null where the tag names no key. */
  readonly keyName: string | null;
  /** Null where the value names no Region. */
  readonly region: string | null;
  readonly because: string;
}

interface Rules {
  readonly plan: Plan;
  readonly roster: Roster;
}

/** Anything that is meant for a slot, however it is spelt; `custody:repository` and the like are none. */
const LIKE_A_SLOT = /^custody:[^:]*:/i;

/** The slots of one executor that do not stand for what their seat has approved and what is open. Pure. */
export function staleSlotsOf(
  roleArn: string,
  tags: ReadonlyMap<string, string>,
  rules: Rules,
  cases: readonly Case[],
): readonly StaleSlot[] {
  return [...tags].flatMap(([tagKey, value]) => {
    if (!LIKE_A_SLOT.test(tagKey)) return [];
    const because = faultOf(tagKey, value, rules, cases);
    const keyName = parseSlotName(tagKey)?.keyName ?? null;
    return because === null
      ? []
      : [{ roleArn, tagKey, value, keyName, region: parseSlot(value)?.region ?? null, because }];
  });
}

function faultOf(tagKey: string, value: string, { plan, roster }: Rules, cases: readonly Case[]): string | null {
  const [name, slot] = [parseSlotName(tagKey), parseSlot(value)];
  if (name === null || slot === null) return 'it is no slot that custody sets';
  if (!roster.custodians.some(({ id }) => id === name.custodian)) return `the roster has no seat ${name.custodian}`;
  const found = cases.find(({ request }) => request.digest === `sha256:${slot.digestHex}`);
  if (found === undefined) return 'no request has its digest';
  if (!isOpen(found)) return `request ${found.id} is ${found.verdict.state}`;
  if (!isNeeded(plan, found, name.keyName, value)) return `request ${found.id} needs another one`;
  const approved = found.verdict.approvals.some(({ counted, signer }) => counted && signer?.id === name.custodian);
  if (!approved) return `${name.custodian} has not approved request ${found.id}`;
  return isEarly(plan, found) ? `the cool-off of request ${found.id} has not ended` : null;
}

/** Of several steps the first one, until the request has begun. */
function isNeeded(plan: Plan, { request, verdict }: Case, keyName: string, value: string): boolean {
  try {
    const steps = neededSlots(plan, request.statement.predicate, request.digest);
    const open = verdict.state === 'executing' ? steps : steps.slice(0, 1);
    return open.some((needed) => needed.keyName === keyName && needed.value === value);
  } catch (cause) {
    if (cause instanceof CustodyError) return false;
    throw cause;
  }
}

/** Tags know no cool-off: with a slot that is set before it ends, KMS would not wait either. */
function isEarly(plan: Plan, { request, verdict }: Case): boolean {
  const coolOff = plan.quorum.classes[request.statement.predicate.class]?.coolOffSeconds ?? 0;
  return coolOff > 0 && verdict.state !== 'approved' && verdict.state !== 'executing';
}

/** As findings on the keys that they are for. */
export function slotDifferences(plan: Plan, stale: readonly StaleSlot[]): readonly Difference[] {
  return stale.flatMap(({ keyName, region, tagKey, because }) => {
    if (keyName === null || !Object.hasOwn(plan.keys, keyName)) return [];
    return [
      {
        key: keyName,
        region: region ?? plan.regions.primary,
        kind: 'stale-slot' as const,
        expected: 'slots of open requests only',
        found: `${tagKey}: ${because}`,
        severity: 'critical' as const,
      },
    ];
  });
}
