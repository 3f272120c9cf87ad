import { CustodyError } from '../base/errors.js';
import type { KeyReader, Rotation } from '../key/key.js';
import type { ListedMaterial } from '../key/material.js';
import type { ObservedEstate, ObservedKey } from '../plan/estate.js';
import { heading, pairs } from './render.js';

/** A material of a key as `keys show KEY` lists it: each Region has its own, also of what is the same everywhere. */
export interface MaterialFacts extends ListedMaterial {
  readonly region: string;
  /** The rotation that made it the current one; null for the first material, and for what waits. */
  readonly rotation: Pick<Rotation, 'type' | 'at'> | null;
}

/** The materials of one key in each Region where it was found, the current one first. @throws CustodyError what reading throws */
export async function materialFacts(
  reader: KeyReader,
  estate: ObservedEstate,
  name: string,
): Promise<readonly MaterialFacts[]> {
  const found: MaterialFacts[] = [];
  for (const [region, keys] of Object.entries(estate)) {
    const live = keys[name];
    if (!live) continue;
    const listed = await reader.materials(region, live.description.arn);
    if (listed === null) throw new CustodyError('NOT_FOUND', `the key ${name} is gone from ${region}`);
    const own = listed.map((material) => ({ ...material, region, rotation: rotationOf(live, material.id) }));
    found.push(...own.sort(byAge));
  }
  return found;
}

function rotationOf({ rotations }: ObservedKey, id: string): MaterialFacts['rotation'] {
  const found = rotations.findLast(({ keyMaterialId }) => keyMaterialId === id);
  return found ? { type: found.type, at: found.at } : null;
}

/** What encrypts now, then what waits, then older and older ones. */
function byAge(a: MaterialFacts, b: MaterialFacts): number {
  const rank = ({ state }: MaterialFacts) => (state === 'CURRENT' ? 0 : state === 'NON_CURRENT' ? 2 : 1);
  const at = ({ rotation }: MaterialFacts) => rotation?.at ?? '';
  return rank(a) - rank(b) || (at(a) > at(b) ? -1 : at(a) < at(b) ? 1 : 0);
}

/** Materials for people. Null for a key that has just the one that KMS made it with: then there is nothing to tell apart. */
export function materialText(materials: readonly MaterialFacts[]): string | null {
  const regions = new Set(materials.map(({ region }) => region));
  const told = materials.length > regions.size || materials.some(({ importState }) => importState !== null);
  return told ? [heading('Key materials'), ...materials.map(materialBlock)].join('\n') : null;
}

const STATES: Readonly<Record<ListedMaterial['state'], string>> = {
  CURRENT: 'current: it encrypts',
  NON_CURRENT: 'older: it only decrypts what it encrypted',
  PENDING_ROTATION: 'waits for a rotation to it',
  PENDING_MULTI_REGION_IMPORT_AND_ROTATION: 'waits for its import in every Region, then for a rotation to it',
};

function materialBlock({ id, region, state, importState, expiresAt, description, rotation }: MaterialFacts): string {
  return pairs([
    ['id', id],
    ['state', `${STATES[state]} (${region})`],
    ['since', rotation === null ? 'it is the first, or waits' : `${rotation.at}, ${rotation.type}`],
    ['from', originText(importState)],
    ...(importState === 'IMPORTED' ? ([['expires', expiresAt ?? 'never']] as const) : []),
    ...(description === null ? [] : ([['described as', description]] as const)),
  ]);
}

function originText(importState: ListedMaterial['importState']): string {
  if (importState === null) return 'KMS';
  return importState === 'IMPORTED'
    ? 'its owner, imported'
    : 'its owner; it is not there: nothing under it can be read';
}
