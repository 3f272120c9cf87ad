import type { JsonObject } from '../base/canonical-json.js';
import type { KeyReader, Rotation } from '../key/key.js';
import { arnOf, commonState, type Subject } from './observe-key.js';

/** What a rotation on demand depends on: those before it, and whether one is under way. */
export async function rotationState(reader: KeyReader, subject: Subject): Promise<JsonObject> {
  const [common, status, rotations] = await Promise.all([
    commonState(reader, subject),
    reader.rotationStatus(subject.region, arnOf(subject)),
    reader.rotations(subject.region, arnOf(subject)),
  ]);
  return {
    ...common,
    rotationCount: rotations?.length ?? 0,
    lastRotation: rotationFields(rotations?.at(-1)),
    onDemandStartedAt: status?.onDemandStartedAt ?? null,
  };
}

function rotationFields(rotation: Rotation | undefined): JsonObject | null {
  return rotation ? { type: rotation.type, at: rotation.at, keyMaterialId: rotation.keyMaterialId } : null;
}
