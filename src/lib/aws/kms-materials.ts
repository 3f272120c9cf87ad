import type { RotationsListEntry } from '@aws-sdk/client-kms';
import { instantFromDate } from '../base/time.js';
import type { ListedMaterial } from '../key/material.js';
import type { AwsConnection } from './connection.js';
import { allPages, unreadable } from './pages.js';

/** Every material of a key, by id. */
export async function materials(aws: AwsConnection, region: string, key: string): Promise<readonly ListedMaterial[]> {
  const input = { KeyId: key, Limit: 1000, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' } as const;
  const found = await allPages('ListKeyRotations', async (Marker) => {
    const { output } = await aws
      .kms(region)
      .read('ListKeyRotations', (sdk, client) => client.send(new sdk.ListKeyRotationsCommand({ ...input, Marker })));
    return { items: output.Rotations, truncated: output.Truncated, next: output.NextMarker };
  });
  return found.map(materialOf).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function materialOf(found: RotationsListEntry): ListedMaterial {
  const { KeyMaterialId: id, KeyMaterialState: state, ImportState: importState = null } = found;
  if (!id || !state) throw unreadable('ListKeyRotations');
  const expires = importState === 'IMPORTED' && found.ExpirationModel === 'KEY_MATERIAL_EXPIRES';
  // Without its end, material that goes by itself would look as if it stayed.
  if (expires && !found.ValidTo) throw unreadable('ListKeyRotations');
  return {
    id,
    state,
    importState,
    expiresAt: expires && found.ValidTo ? instantFromDate(found.ValidTo) : null,
    description: found.KeyMaterialDescription ?? null,
  };
}
