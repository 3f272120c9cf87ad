import { addSeconds, type Instant } from '../base/time.js';
import type { Difference, ObservedKey } from './estate.js';
import type { PlannedKey } from './plan.js';

export interface RotationDue {
  readonly due: boolean;
  /** One sentence for people. */
  readonly because: string;
  /** What would help: to rotate, or (the material being young enough) to switch automatic rotation on. Null when not due. */
  readonly remedyAction: 'key.rotate' | 'key.rotation' | null;
  /** The last rotation, or the creation when there was none. */
  readonly lastAt: Instant;
  /** When the plan wants the next one. */
  readonly nextAt: Instant;
}

const DAY = 86_400;
/** KMS allows this many in a key's lifetime (AWS KMS Developer Guide, "Rotate AWS KMS keys"). */
export const ON_DEMAND_LIMIT = 25;
/** From here on the rest is worth a warning. */
const FEW_LEFT = 5;

/** How many rotations on demand a key has left. */
export function onDemandLeft(rotations: ObservedKey['rotations']): number {
  return Math.max(0, ON_DEMAND_LIMIT - rotations.filter(({ type }) => type === 'ON_DEMAND').length);
}

/** A finding when few are left; nothing gives a key more of them, so there is no remedy but automatic rotation. */
export function budgetFinding(key: string, { description, rotations }: ObservedKey): readonly Difference[] {
  const left = onDemandLeft(rotations);
  if (left > FEW_LEFT) return [];
  return [
    {
      key,
      region: description.region,
      kind: 'rotation-budget',
      expected: `more than ${FEW_LEFT} of ${ON_DEMAND_LIMIT} rotations on demand left`,
      found: `${left} left`,
      severity: left === 0 ? 'critical' : 'warning',
    },
  ];
}

/**
 * Is a rotation due? When automatic rotation is off though the plan wants it, or when the last one (or the creation) is older
 * than the plan's days; never while one is under way, nor for a key that KMS would not rotate.
 */
export function rotationDue(
  { rotation }: Pick<PlannedKey, 'rotation'>,
  { description, rotationStatus, rotations }: Pick<ObservedKey, 'description' | 'rotationStatus' | 'rotations'>,
  now: Instant,
): RotationDue {
  const lastAt = rotations.reduce((latest, { at }) => (at > latest ? at : latest), description.createdAt);
  const nextAt = addSeconds(lastAt, rotation.periodDays * DAY);
  const answer = (remedyAction: RotationDue['remedyAction'], because: string) => ({
    due: remedyAction !== null,
    because,
    remedyAction,
    lastAt,
    nextAt,
  });
  if (description.state === 'PendingDeletion' || description.state === 'PendingReplicaDeletion') {
    return answer(null, 'the key is scheduled for deletion');
  }
  if (rotationStatus?.onDemandStartedAt)
    return answer(null, `a rotation is under way since ${rotationStatus.onDemandStartedAt}`);
  if (description.state !== 'Enabled') return answer(null, `the key is ${description.state}: KMS would not rotate it`);
  const old = now > nextAt ? `the last rotation is older than ${rotation.periodDays} days` : null;
  // First of all KMS is to do it by itself: rotations on demand are few. What is old then is rotated by the next request.
  if (rotation.automatic && rotationStatus?.enabled !== true)
    return answer('key.rotation', `automatic rotation is off${old === null ? '' : `, and ${old}`}`);
  if (old !== null) {
    return onDemandLeft(rotations) > 0
      ? answer('key.rotate', old)
      : answer(null, `${old}, but its ${ON_DEMAND_LIMIT} rotations on demand are used up`);
  }
  return answer(null, `the last rotation is younger than ${rotation.periodDays} days`);
}
