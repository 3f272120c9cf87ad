import type { JsonObject } from '../base/canonical-json.js';
import { allow } from './statements.js';

/** Keys that a drill makes to try a policy or an import on, and is rid of at once: what tells them, and who may do what with them. */

/** By it a key that a drill made itself is told from every other; its value is the run. */
export const SCRATCH_TAG = 'custody:drill';

/** What the drill role may do with a scratch key, or it could not be read back or deleted. */
const OWN = ['DescribeKey', 'GetKeyPolicy', 'ListResourceTags', 'PutKeyPolicy', 'ScheduleKeyDeletion'];

/**
 * The statement of a scratch key's own policy by which the drill is rid of it. The drill role's policy lets it delete nothing: a
 * tag is soon set on somebody else's key, a statement in its policy is not.
 */
export function scratchStatement(drillRoleArn: string): JsonObject {
  return allow('DrillScratchKey', [drillRoleArn], OWN);
}

/** What the import of key material is tried with, on a key that is of no other use. */
export const SCRATCH_IMPORT = [
  'Decrypt',
  'DeleteImportedKeyMaterial',
  'Encrypt',
  'GetParametersForImport',
  'ImportKeyMaterial',
] as const;

/** The whole policy of a scratch key of imported material: the role that made it, and nobody else. */
export function scratchImportStatement(drillRoleArn: string): JsonObject {
  return allow('DrillImportKey', [drillRoleArn], [...SCRATCH_IMPORT, ...OWN].sort());
}
