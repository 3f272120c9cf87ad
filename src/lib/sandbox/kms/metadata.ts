import type { JsonObject } from '../../base/canonical-json.js';
import { keyArn } from './identifiers.js';
import { specOf } from './specs.js';
import {
  copiesOf,
  currentMaterial,
  type KeyRow,
  materialsOf,
  rowId,
  type SetRow,
  seconds,
  setOf,
  type World,
} from './state.js';
import { stateOf } from './states.js';

/** KeyMetadata as CreateKey, DescribeKey and ReplicateKey return it. */
export function metadataOf(world: World, row: KeyRow, nowMillis: number): JsonObject {
  const set = setOf(world, row.keyId);
  const state = stateOf(world, row, nowMillis);
  return {
    AWSAccountId: world.account,
    KeyId: row.keyId,
    Arn: keyArn(world, row.region, row.keyId),
    CreationDate: seconds(row.createdMillis),
    Enabled: state === 'Enabled',
    Description: row.description,
    KeyUsage: set.keyUsage,
    KeyState: state,
    ...(state === 'PendingDeletion' && row.deleteAtMillis !== null && { DeletionDate: seconds(row.deleteAtMillis) }),
    ...(state === 'PendingReplicaDeletion' && { PendingDeletionWindowInDays: row.deletionWindowDays }),
    Origin: set.origin,
    KeyManager: 'CUSTOMER',
    CustomerMasterKeySpec: set.keySpec,
    KeySpec: set.keySpec,
    ...algorithmsOf(set),
    MultiRegion: set.multiRegion,
    ...(set.multiRegion && { MultiRegionConfiguration: multiRegionConfiguration(world, row, set) }),
    ...materialMembers(world, row, set),
  };
}

const ALGORITHM_MEMBER: Readonly<Record<string, string>> = {
  ENCRYPT_DECRYPT: 'EncryptionAlgorithms',
  SIGN_VERIFY: 'SigningAlgorithms',
  GENERATE_VERIFY_MAC: 'MacAlgorithms',
  KEY_AGREEMENT: 'KeyAgreementAlgorithms',
};

/** `EncryptionAlgorithms`, `SigningAlgorithms`, `MacAlgorithms` or `KeyAgreementAlgorithms`, as the usage is. */
export function algorithmsOf(set: SetRow): JsonObject {
  return { [ALGORITHM_MEMBER[set.keyUsage] ?? '']: algorithmsFor(set) };
}

export function algorithmsFor(set: SetRow): readonly string[] {
  return specOf(set.keySpec).algorithms[set.keyUsage] ?? [];
}

function multiRegionConfiguration(world: World, row: KeyRow, set: SetRow): JsonObject {
  const entry = (region: string) => ({ Arn: keyArn(world, region, row.keyId), Region: region });
  const replicas = copiesOf(world, row.keyId).filter((copy) => copy.region !== set.primaryRegion);
  return {
    MultiRegionKeyType: set.primaryRegion === row.region ? 'PRIMARY' : 'REPLICA',
    PrimaryKey: entry(set.primaryRegion),
    ReplicaKeys: replicas.map((copy) => entry(copy.region)),
  };
}

function materialMembers(world: World, row: KeyRow, set: SetRow): JsonObject {
  if (set.keySpec !== 'SYMMETRIC_DEFAULT') return {};
  const current = currentMaterial(world, row.keyId);
  return {
    ...(current !== undefined && { CurrentKeyMaterialId: current.materialId }),
    ...(set.origin === 'EXTERNAL' && expiration(world, row)),
  };
}

/** Of the material that is present: the earliest expiry, or that there is none. */
function expiration(world: World, row: KeyRow): JsonObject {
  const present = materialsOf(world, row.keyId)
    .filter((material) => material.state !== 'PENDING')
    .flatMap((material) => world.imports.get(rowId(row.region, `${row.keyId}/${material.materialId}`)) ?? []);
  if (present.length === 0) return {};
  const ends = present.flatMap((item) => item.validToMillis ?? []);
  if (ends.length === 0) return { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' };
  return { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: seconds(Math.min(...ends)) };
}
