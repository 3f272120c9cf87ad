import { CustodyError } from '../base/errors.js';
import type { KeyReader } from '../key/key.js';
import { importsShown } from './apply-rotate-imported.js';
import type { Case } from './case.js';
import type { InForce } from './in-force.js';
import { type NeededSlot, neededSlots } from './slots.js';

/** The slots of a request's steps. @throws CustodyError REFUSED for a request that no slot can let through */
export function stepsIn({ plan }: InForce, { request }: Case): readonly NeededSlot[] {
  return neededSlots(plan.plan, request.statement.predicate, request.digest);
}

/** The same; none for a request that no slot can let through. */
export function slotsOf(state: InForce, found: Case): readonly NeededSlot[] {
  try {
    return stepsIn(state, found);
  } catch (cause) {
    if (cause instanceof CustodyError) return [];
    throw cause;
  }
}

/**
 * The slot that KMS asks for next. How far a request of several steps is, AWS says: nothing of it is stored.
 * Null where none is needed, or none any more.
 * @throws CustodyError REFUSED · what reading throws
 */
export async function nextSlot(reader: KeyReader, state: InForce, found: Case): Promise<NeededSlot | null> {
  const steps = stepsIn(state, found);
  const begun = found.verdict.state === 'executing';
  if (steps.length <= 1 || !begun) return steps[0] ?? null;
  const { imports, rotated } = await importsShown(reader, found.request.statement.predicate);
  return rotated ? null : (steps[imports] ?? null);
}
