import { copiesOf, type MaterialRow, rowId, type World } from './state.js';

/** New imported material can rotate in when every Region of the key has it. */
export function pendingState(
  world: World,
  material: MaterialRow,
): 'PENDING_ROTATION' | 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION' {
  const everywhere = copiesOf(world, material.keyId).every(
    (copy) => world.imports.get(rowId(copy.region, rowId(material.keyId, material.materialId))) !== undefined,
  );
  return everywhere ? 'PENDING_ROTATION' : 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION';
}
