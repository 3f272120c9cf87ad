import { announceRotation } from './announce.js';
import { addMaterial, promoteMaterial } from './material.js';
import { DAY, materialsOf, primaryOf, type SetRow, setOf, type World } from './state.js';
import { stateOf } from './states.js';

/** Carries out the rotations of a key that are due, in the order in which they were. */
export function settleRotations(world: World, keyId: string, nowMillis: number): void {
  for (;;) {
    const set = setOf(world, keyId);
    const onDemand =
      set.onDemandStartMillis === null ? Number.POSITIVE_INFINITY : set.onDemandStartMillis + world.delays.rotation;
    const automatic = rotatesNow(world, set, nowMillis)
      ? (set.nextRotationMillis ?? Number.POSITIVE_INFINITY)
      : Number.POSITIVE_INFINITY;
    if (Math.min(onDemand, automatic) > nowMillis) return;
    if (onDemand <= automatic) finishOnDemand(world, set, onDemand);
    else rotateAutomatically(world, set, automatic, automatic);
  }
}

/** KMS does not rotate a key that is disabled or about to be deleted. */
function rotatesNow(world: World, set: SetRow, nowMillis: number): boolean {
  const primary = primaryOf(world, set);
  return primary !== undefined && ['Enabled', 'Updating'].includes(stateOf(world, primary, nowMillis));
}

function finishOnDemand(world: World, set: SetRow, atMillis: number): void {
  const settled = world.sets.put(set.keyId, { ...set, onDemandStartMillis: null });
  const pending = materialsOf(world, set.keyId).find((material) => material.state === 'PENDING');
  if (set.origin === 'AWS_KMS') addMaterial(world, settled, { type: 'ON_DEMAND', atMillis });
  else if (pending !== undefined) promoteMaterial(world, settled, pending, atMillis);
  announceRotation(world, set, 'ON_DEMAND', atMillis);
}

function rotateAutomatically(world: World, set: SetRow, atMillis: number, fromMillis: number): void {
  const next = { ...set, nextRotationMillis: fromMillis + set.rotationPeriodDays * DAY };
  addMaterial(world, world.sets.put(set.keyId, next), { type: 'AUTOMATIC', atMillis });
  announceRotation(world, set, 'AUTOMATIC', atMillis);
}

/** A key that is enabled again and is overdue rotates at once, and from now on by its period (API reference, GetKeyRotationStatus). */
export function resumeRotation(world: World, set: SetRow, nowMillis: number): void {
  if (set.nextRotationMillis === null || set.nextRotationMillis > nowMillis || !rotatesNow(world, set, nowMillis))
    return;
  rotateAutomatically(world, set, nowMillis, nowMillis);
}
