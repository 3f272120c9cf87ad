import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { inRegion, type KeyDescription, type KeyReader } from '../key/key.js';
import type { ListedMaterial } from '../key/material.js';
import { aliasTarget, arnOf, commonState, type Subject } from './observe-key.js';
import { rotationState } from './observe-rotation.js';

/** The primary, which Regions the key is in, and what is in the replica's Region already. */
export async function replicateState(reader: KeyReader, subject: Subject): Promise<JsonObject> {
  const to = String(subject.parameters.to);
  const [common, description, there, aliasThere] = await Promise.all([
    commonState(reader, subject),
    reader.describe(subject.region, arnOf(subject)),
    reader.describe(to, inRegion(arnOf(subject), to)),
    aliasTarget(reader, to, subject.key?.alias ?? ''),
  ]);
  return { ...common, ...regionsOfKey(description), replica: there && { state: there.state }, aliasThere };
}

/** UpdatePrimaryRegion depends on both keys: each must be Enabled in its Region. */
export async function promoteState(reader: KeyReader, subject: Subject): Promise<JsonObject> {
  const to = String(subject.parameters.to);
  const [common, description, there] = await Promise.all([
    commonState(reader, subject),
    reader.describe(subject.region, arnOf(subject)),
    reader.describe(to, inRegion(arnOf(subject), to)),
  ]);
  return { ...common, ...regionsOfKey(description), replica: there && { arn: there.arn, state: there.state } };
}

/** The materials of the key in one Region. */
export async function materialState(reader: KeyReader, subject: Subject): Promise<JsonObject> {
  const [common, description, materials] = await Promise.all([
    commonState(reader, subject),
    reader.describe(subject.region, arnOf(subject)),
    reader.materials(subject.region, arnOf(subject)),
  ]);
  return {
    ...common,
    ...regionsOfKey(description),
    origin: description?.origin ?? null,
    materials: (materials ?? []).map(fieldsOf),
  };
}

/** As for a rotation, and the materials in every Region of the key. */
export async function rotateImportedState(reader: KeyReader, subject: Subject): Promise<JsonObject> {
  const [rotation, here] = await Promise.all([rotationState(reader, subject), materialState(reader, subject)]);
  const replicas: Record<string, JsonObject> = {};
  for (const region of replicaRegionsOf(here)) {
    const arn = inRegion(arnOf(subject), region);
    const [description, materials] = await Promise.all([reader.describe(region, arn), reader.materials(region, arn)]);
    if (!description) throw new CustodyError('NOT_FOUND', `there is no key ${arn}`);
    replicas[region] = { state: description.state, materials: (materials ?? []).map(fieldsOf) };
  }
  return { ...rotation, ...here, replicas };
}

function replicaRegionsOf({ replicaRegions }: JsonObject): readonly string[] {
  return Array.isArray(replicaRegions) ? replicaRegions.map(String) : [];
}

function regionsOfKey(description: KeyDescription | null): JsonObject {
  const { primaryRegion = null, replicaRegions = [] } = description?.multiRegion ?? {};
  return { primaryRegion, replicaRegions };
}

/** When it goes counts, what was said of it does not. */
function fieldsOf({ id, state, importState, expiresAt }: ListedMaterial): JsonObject {
  return { id, state, importState, expiresAt };
}
