import { addSeconds, type Instant } from '../base/time.js';
import type { ObservedKey } from './estate.js';
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

/**
 * Is a rotation due? When the last one (or the creation) is older than the plan's days, or when automatic rotation is off
 * though the plan wants it; never while one is under way, nor for a key that is being deleted.
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
  if (now > nextAt) return answer('key.rotate', `the last rotation is older than ${rotation.periodDays} days`);
  if (rotation.automatic && rotationStatus?.enabled !== true)
    return answer('key.rotation', 'automatic rotation is off');
  return answer(null, `the last rotation is younger than ${rotation.periodDays} days`);
}
