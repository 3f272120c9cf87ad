import type { Digest } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import type { WrappingAlgorithm } from '../base/material.js';
import type { Instant } from '../base/time.js';
import type { KeyDescription } from '../key/key.js';
import type { ListedMaterial } from '../key/material.js';
import type { Proposal } from './open.js';
import type { How, Place } from './rotate.js';
import { type ResolvedKey, resolveKey, resolvePrimary } from './subject.js';

/** What an import says of its material. */
export interface Bringing {
  readonly commitment: Digest;
  readonly wrapping: WrappingAlgorithm;
  /** Null: it never expires. */
  readonly expiresAt: Instant | null;
}

/** Which material in which Region; the defaults are what is missing, in the plan's primary Region. */
export interface Which {
  readonly region: string | null;
  readonly materialId: string | null;
}

interface Imported {
  readonly key: ResolvedKey;
  readonly description: KeyDescription;
  readonly listed: readonly ListedMaterial[];
}

/**
 * The request that imports material into one Region: the first one, or one that is missing there.
 * @throws CustodyError NOT_FOUND, FOREIGN_KEY · REFUSED for a key that takes no material, or when none is missing ·
 *   INPUT_MISSING when several are
 */
export async function importProposal(
  place: Place,
  given: string,
  which: Which,
  bring: Bringing,
  how: How,
): Promise<Proposal> {
  const found = await importedKey(place, given, which.region);
  const { region, ...key } = found.key;
  const materialId = which.materialId === null ? missingIn(found) : known(found, which.materialId);
  return { action: 'key.import', region, key, parameters: { ...bring, materialId }, ...how };
}

/** Null for a key that never had any. */
function missingIn({ key, description, listed }: Imported): string | null {
  if (listed.length === 0) {
    const { multiRegion } = description;
    if (multiRegion?.type !== 'REPLICA') return null;
    throw new CustodyError('REFUSED', `the first material of ${key.name} goes into its primary`, {
      suggestions: [`custody keys import ${key.name} --in ${multiRegion.primaryRegion}`],
    });
  }
  const missing = listed.filter(({ importState }) => importState !== 'IMPORTED');
  const [only] = missing;
  if (missing.length === 1 && only) return only.id;
  if (missing.length > 1) throw several(key, missing);
  throw new CustodyError('REFUSED', `all material of ${key.name} is there in ${key.region}`, {
    suggestions: [
      `New material: custody keys rotate ${key.name} --material-fd N.`,
      `The same again, with another end: --material ID, one of ${listed.map(({ id }) => id).join(', ')}.`,
    ],
  });
}

/**
 * The request that deletes imported material in one Region.
 * @throws CustodyError NOT_FOUND, FOREIGN_KEY, REFUSED · INPUT_MISSING when several are there
 */
export async function materialOffProposal(place: Place, given: string, which: Which, how: How): Promise<Proposal> {
  const found = await importedKey(place, given, which.region);
  const { region, ...key } = found.key;
  const there = found.listed.filter(({ importState }) => importState === 'IMPORTED');
  const materialId = which.materialId === null ? theOnly(found.key, there) : known(found, which.materialId);
  if (there.every(({ id }) => id !== materialId)) {
    throw new CustodyError('REFUSED', `the material ${materialId} is not there in ${region}`);
  }
  return { action: 'key.material-off', region, key, parameters: { materialId }, ...how };
}

function theOnly(key: ResolvedKey, there: readonly ListedMaterial[]): string {
  const [only] = there;
  if (!only) throw new CustodyError('REFUSED', `${key.name} has no imported material in ${key.region}`);
  if (there.length > 1) throw several(key, there);
  return only.id;
}

/**
 * The request that imports new material everywhere and rotates to it.
 * @throws CustodyError NOT_FOUND, FOREIGN_KEY · REFUSED for a key that takes no material, has none yet, or has some that waits ·
 *   LIMIT_EXCEEDED with more Regions than a request has room for
 */
export async function rotateImportedProposal(
  place: Place,
  given: string,
  bring: Bringing,
  how: How,
): Promise<Proposal> {
  const { region: home } = await resolvePrimary(place.aws.reader, place.plan, place.state.roster.repository, given);
  const { key: resolved, description, listed } = await importedKey(place, given, home);
  const { region, ...key } = resolved;
  const replicas = description.multiRegion?.replicaRegions ?? [];
  assertRotatable(resolved, listed);
  if (replicas.length > MOST_REPLICAS) {
    throw new CustodyError(
      'LIMIT_EXCEEDED',
      `${key.name} has ${replicas.length} replicas, a request has room for ${MOST_REPLICAS}`,
    );
  }
  return { action: 'key.rotate-imported', region, key, parameters: { ...bring, replicas }, ...how };
}

/** A request has room for twelve calls. */
const MOST_REPLICAS = 4;

function assertRotatable({ name, region }: ResolvedKey, listed: readonly ListedMaterial[]): void {
  if (listed.length === 0) {
    throw new CustodyError('REFUSED', `${name} has no material yet`, { suggestions: [`custody keys import ${name}`] });
  }
  const waiting = listed.find(({ state }) => state.startsWith('PENDING_'));
  if (waiting === undefined) return;
  throw new CustodyError('REFUSED', `${name} has material that waits for its rotation: ${waiting.id}`, {
    suggestions: [
      `Finish it: custody keys import ${name} --in REGION where it is missing, then custody keys rotate ${name}.`,
      `Or take it back: custody keys material-off ${name} --material ${waiting.id} --in ${region}.`,
    ],
  });
}

async function importedKey({ aws, state, plan }: Place, given: string, region: string | null): Promise<Imported> {
  const key = await resolveKey(aws.reader, plan, state.roster.repository, given, region ?? plan.regions.primary);
  const [description, listed] = await Promise.all([
    aws.reader.describe(key.region, key.arn),
    aws.reader.materials(key.region, key.arn),
  ]);
  if (description === null || listed === null) throw new CustodyError('NOT_FOUND', `there is no key ${key.arn}`);
  if (description.origin === 'EXTERNAL') return { key, description, listed };
  throw new CustodyError('REFUSED', `${key.name} takes no imported material: its origin is ${description.origin}`, {
    suggestions: ['A key is made with the origin EXTERNAL or never: see origin in the plan.'],
  });
}

/** @throws CustodyError NOT_FOUND */
function known({ key, listed }: Imported, materialId: string): string {
  if (listed.some(({ id }) => id === materialId)) return materialId;
  throw new CustodyError('NOT_FOUND', `${key.name} never had the material ${materialId}`, {
    details: { materials: listed.map(({ id }) => id) },
  });
}

function several({ name, region }: ResolvedKey, which: readonly ListedMaterial[]): CustodyError {
  return new CustodyError('INPUT_MISSING', `${which.length} materials of ${name} in ${region} could be meant`, {
    suggestions: which.map(({ id, state }) => `--material ${id} (${state})`),
  });
}
