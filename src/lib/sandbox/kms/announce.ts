import type { JsonObject } from '../../base/canonical-json.js';
import { keyArn } from './identifiers.js';
import { copiesOf, type SetRow, type World } from './state.js';

/** What KMS does by itself, as CloudTrail records it (Developer Guide, "RotateKey", "DeleteKey" and their like). */

/** An event about a key in one Region. */
export function announce(
  world: World,
  name: 'DeleteExpiredKeyMaterial' | 'DeleteKey' | 'RotateKey' | 'SynchronizeMultiRegionKey',
  { region, keyId, atMillis }: { readonly region: string; readonly keyId: string; readonly atMillis: number },
  details: JsonObject | null = null,
): void {
  world.announce({ service: 'kms', name, region, atMillis, resourceArn: keyArn(world, region, keyId), details });
}

/** A rotation, and that KMS brought it to the replicas: both are events of the primary. */
export function announceRotation(
  world: World,
  { keyId, primaryRegion: region }: SetRow,
  rotationType: 'AUTOMATIC' | 'ON_DEMAND',
  atMillis: number,
): void {
  announce(world, 'RotateKey', { region, keyId, atMillis }, { keyId, rotationType });
  if (copiesOf(world, keyId).length > 1) announce(world, 'SynchronizeMultiRegionKey', { region, keyId, atMillis });
}
