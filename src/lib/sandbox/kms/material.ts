import { createHash } from 'node:crypto';
import { decodeBase64, encodeBase64 } from '../../base/bytes.js';
import { invalidState } from './errors.js';
import type { Target } from './identifiers.js';
import { specOf } from './specs.js';
import { currentMaterial, type MaterialRow, rowId, type SetRow, type World } from './state.js';

/** KMS derives the id of a material from the key id and the material; so do we, for generated material too. */
export function materialIdOf(keyId: string, secret: Uint8Array): string {
  return createHash('sha256').update(`${keyId}\0`).update(secret).digest('hex');
}

/** Adds a material that KMS generates and makes it current; `rotation` is absent for the first one. */
export function addMaterial(
  world: World,
  set: SetRow,
  rotation?: { readonly type: 'AUTOMATIC' | 'ON_DEMAND'; readonly atMillis: number },
): SetRow {
  const secret = specOf(set.keySpec).generate(world);
  const row: MaterialRow = {
    keyId: set.keyId,
    materialId: materialIdOf(set.keyId, secret),
    state: 'CURRENT',
    secret: encodeBase64(secret),
    rotationType: rotation?.type ?? null,
    rotatedMillis: rotation?.atMillis ?? null,
    description: null,
  };
  return appendMaterial(world, set, row);
}

/** Stores a material; one that is current retires the one that was. */
export function appendMaterial(world: World, set: SetRow, row: MaterialRow): SetRow {
  if (row.state === 'CURRENT') retireCurrent(world, set);
  world.materials.put(rowId(set.keyId, row.materialId), row);
  return world.sets.put(set.keyId, { ...set, materialIds: [...set.materialIds, row.materialId] });
}

/** Makes the material that waits for rotation the current one. */
export function promoteMaterial(world: World, set: SetRow, row: MaterialRow, atMillis: number): void {
  retireCurrent(world, set);
  world.materials.put(rowId(set.keyId, row.materialId), {
    ...row,
    state: 'CURRENT',
    rotationType: 'ON_DEMAND',
    rotatedMillis: atMillis,
  });
}

function retireCurrent(world: World, set: SetRow): void {
  const current = world.sets.get(set.keyId) && currentMaterial(world, set.keyId);
  if (current) world.materials.put(rowId(set.keyId, current.materialId), { ...current, state: 'NON_CURRENT' });
}

export interface Material {
  readonly id: string;
  readonly secret: Buffer;
}

/** The material for new ciphertexts, signatures and MACs. */
export function currentSecret(world: World, target: Target): Material {
  const row = currentMaterial(world, target.set.keyId);
  const found = row && secretOf(world, target, row.materialId);
  if (!found) throw invalidState(`${target.arn} is pending import.`);
  return found;
}

/** The material of a ciphertext; `null` when the key never had it or it is not present in this Region. */
export function secretOf(world: World, { row, set }: Target, materialId: string): Material | null {
  const id = rowId(set.keyId, materialId);
  const text = world.materials.get(id)?.secret ?? world.imports.get(rowId(row.region, id))?.secret;
  const secret = text === undefined ? null : decodeBase64(text);
  return secret && { id: materialId, secret };
}
