import type { JsonObject } from '../../base/canonical-json.js';
import type { Call } from '../service.js';
import { dryRun, invalidKeyUsage } from './errors.js';
import type { Target } from './identifiers.js';
import { flag } from './input.js';
import { algorithmsFor } from './metadata.js';
import { rowId, type World } from './state.js';

/** Remembers the last successful cryptographic operation with a key, for GetKeyLastUsage. */
export function recordUse(world: World, call: Call, { row }: Target, operation: string): void {
  world.usage.put(rowId(row.region, row.keyId), { operation, atMillis: call.nowMillis, requestId: call.requestId });
}

/** @throws ServiceError InvalidKeyUsageException when the key is for something else. */
export function assertUsage({ set, arn }: Target, usage: string): void {
  if (set.keyUsage !== usage)
    throw invalidKeyUsage(`${arn} key usage is ${set.keyUsage} which is not valid for this operation.`);
}

/** @throws ServiceError InvalidKeyUsageException when the key's spec does not have the algorithm. */
export function assertAlgorithm({ set, arn }: Target, algorithm: string): void {
  if (!algorithmsFor(set).includes(algorithm)) {
    throw invalidKeyUsage(`Algorithm ${algorithm} is incompatible with key spec ${set.keySpec} of ${arn}.`);
  }
}

/** @throws ServiceError DryRunOperationException when the caller only asked whether he may. */
export function assertNotDry(input: JsonObject): void {
  if (flag(input, 'DryRun')) throw dryRun();
}
