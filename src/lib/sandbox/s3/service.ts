import type { JsonObject } from '../../base/canonical-json.js';
import type { Call, Operation, Service } from '../service.js';
import { textOf } from './access.js';
import { bucketOperations } from './buckets.js';
import { verifiedChecksums } from './checksums.js';
import { configurationOperations } from './configuration.js';
import { deletionOperations } from './deletion.js';
import { listingOperations } from './listing.js';
import { lockOperations } from './lock.js';
import { objectOperations } from './objects.js';
import { policyOperations } from './policy.js';
import { createReplicator } from './replication.js';
import { openS3World, type S3Options } from './state.js';

const GROUPS = [
  bucketOperations,
  configurationOperations,
  policyOperations,
  objectOperations,
  listingOperations,
  deletionOperations,
  lockOperations,
];

/** Amazon S3 as a state machine over `options.store`: the buckets of all Regions of one account. */
export function createS3(options: S3Options): Service {
  const world = openS3World(options);
  const operations = Object.assign({}, ...GROUPS.map((group) => group(world))) as Record<string, Operation>;
  const checked = Object.entries(operations).map(([name, run]) => [
    name,
    (input: JsonObject, call: Call) => {
      // The checksum of an object is kept; that of any other body is only held against it.
      if (name !== 'PutObject' && input.Body !== undefined) {
        verifiedChecksums(input, Buffer.from(textOf(input, 'Body'), 'base64'));
      }
      return run(input, call);
    },
  ]);
  return { name: 's3', operations: Object.fromEntries(checked), settle: createReplicator(world) };
}
