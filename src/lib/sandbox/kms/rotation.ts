import type { JsonObject } from '../../base/canonical-json.js';
import { type Call, ServiceError } from '../service.js';
import { invalidState, limitExceeded, unsupported } from './errors.js';
import type { Target } from './identifiers.js';
import { pendingState } from './import-state.js';
import { optionalNumber, optionalText } from './input.js';
import { type Operations, openKey } from './operation.js';
import { page } from './paging.js';
import { DAY, type MaterialRow, MINUTE, materialsOf, rowId, seconds, type World } from './state.js';
import { stateOf } from './states.js';

const MOST_ON_DEMAND = 25;
/** RotateKeyOnDemand gives way to an automatic rotation this close (API reference, ConflictException). */
const AUTOMATIC_IS_NEAR = 20 * MINUTE;

export const rotationOperations: Operations = (world) => ({
  EnableKeyRotation(input, call) {
    const given = optionalNumber(input, 'RotationPeriodInDays');
    const days = given ?? 365;
    const context = { 'kms:RotationPeriodInDays': String(days) };
    const target = openKey(world, call, input, 'EnableKeyRotation', { context });
    assertAutomatic(target);
    assertPrimary(target);
    const { set } = target;
    const unchanged = set.nextRotationMillis !== null && set.rotationPeriodDays === days;
    if (unchanged) return {};
    world.sets.put(set.keyId, { ...set, rotationPeriodDays: days, nextRotationMillis: call.nowMillis + days * DAY });
    return {};
  },

  DisableKeyRotation(input, call) {
    const target = openKey(world, call, input, 'DisableKeyRotation');
    assertAutomatic(target);
    assertPrimary(target);
    world.sets.put(target.set.keyId, { ...target.set, nextRotationMillis: null });
    return {};
  },

  GetKeyRotationStatus(input, call) {
    const target = openKey(world, call, input, 'GetKeyRotationStatus');
    assertRotatable(target);
    return rotationStatus(world, call, target);
  },

  RotateKeyOnDemand: (input, call) => rotateOnDemand(world, call, input),

  ListKeyRotations(input, call) {
    const target = openKey(world, call, input, 'ListKeyRotations');
    assertRotatable(target);
    const all = optionalText(input, 'IncludeKeyMaterial') === 'ALL_KEY_MATERIAL';
    const numbered = materialsOf(world, target.set.keyId).map((material, at) => ({
      material,
      id: String(at).padStart(6, '0'),
    }));
    const listed = numbered.filter(({ material }) => all || material.rotatedMillis !== null);
    return page(
      input,
      'Rotations',
      { byDefault: 100, most: 1000 },
      listed,
      ({ id }) => id,
      ({ material }) => rotationEntry(world, target, material),
    );
  },
});

function rotateOnDemand(world: World, call: Call, input: JsonObject): JsonObject {
  const target = openKey(world, call, input, 'RotateKeyOnDemand');
  assertRotatable(target);
  assertPrimary(target);
  const { set, arn } = target;
  if (set.onDemandStartMillis !== null) throw conflict(`An on-demand rotation of ${arn} is in progress.`);
  if (set.nextRotationMillis !== null && set.nextRotationMillis - call.nowMillis <= AUTOMATIC_IS_NEAR) {
    throw conflict(`An automatic rotation of ${arn} is in progress or scheduled to begin within the next 20 minutes.`);
  }
  if (set.onDemandCount >= MOST_ON_DEMAND) {
    throw limitExceeded(`The maximum number of on-demand rotations, ${MOST_ON_DEMAND}, has been reached for ${arn}.`);
  }
  if (set.origin === 'EXTERNAL') {
    const pending = materialsOf(world, set.keyId).find((material) => material.state === 'PENDING');
    if (pending === undefined || pendingState(world, pending) !== 'PENDING_ROTATION') {
      throw invalidState(`No available key material pending rotation for the key: ${arn}.`);
    }
  }
  world.sets.put(set.keyId, { ...set, onDemandStartMillis: call.nowMillis, onDemandCount: set.onDemandCount + 1 });
  return { KeyId: set.keyId };
}

function rotationStatus(world: World, call: Call, { row, set }: Target): JsonObject {
  const state = stateOf(world, row, call.nowMillis);
  // While a key waits for its deletion its rotation counts as off; the setting comes back when the deletion is cancelled.
  const on = set.nextRotationMillis !== null && !state.startsWith('Pending');
  return {
    KeyId: set.keyId,
    KeyRotationEnabled: on,
    ...(on && { RotationPeriodInDays: set.rotationPeriodDays, NextRotationDate: seconds(set.nextRotationMillis ?? 0) }),
    ...(set.onDemandStartMillis !== null && { OnDemandRotationStartDate: seconds(set.onDemandStartMillis) }),
  };
}

function rotationEntry(world: World, { row, set }: Target, material: MaterialRow): JsonObject {
  const imported = world.imports.get(rowId(row.region, rowId(set.keyId, material.materialId)));
  const validTo = imported?.validToMillis ?? null;
  return {
    KeyId: set.keyId,
    KeyMaterialId: material.materialId,
    KeyMaterialState: material.state === 'PENDING' ? pendingState(world, material) : material.state,
    ...(material.rotatedMillis !== null && {
      RotationDate: seconds(material.rotatedMillis),
      RotationType: material.rotationType,
    }),
    ...(set.origin === 'EXTERNAL' && {
      ImportState: imported === undefined ? 'PENDING_IMPORT' : 'IMPORTED',
      ...(material.description !== null && { KeyMaterialDescription: material.description }),
      ...(imported !== undefined && {
        ExpirationModel: validTo === null ? 'KEY_MATERIAL_DOES_NOT_EXPIRE' : 'KEY_MATERIAL_EXPIRES',
        ...(validTo !== null && { ValidTo: seconds(validTo) }),
      }),
    }),
  };
}

/** Only symmetric encryption keys rotate. */
function assertRotatable({ set, arn }: Target): void {
  if (set.keySpec !== 'SYMMETRIC_DEFAULT')
    throw unsupported(`${arn} key spec is ${set.keySpec} which is not valid for this operation.`);
}

function assertAutomatic(target: Target): void {
  assertRotatable(target);
  if (target.set.origin !== 'AWS_KMS')
    throw unsupported(`${target.arn} origin is ${target.set.origin} which is not valid for this operation.`);
}

function assertPrimary({ row, set, arn }: Target): void {
  if (set.primaryRegion !== row.region)
    throw unsupported(`${arn} is a multi-Region replica key, which is not valid for this operation.`);
}

function conflict(message: string): ServiceError {
  return new ServiceError('ConflictException', message);
}
