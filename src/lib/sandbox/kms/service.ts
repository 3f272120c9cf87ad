import type { JsonObject } from '../../base/canonical-json.js';
import type { Call, Operation, Service } from '../service.js';
import { aliasOperations } from './aliases.js';
import { dataKeyOperations } from './data-keys.js';
import { encryptionOperations } from './encryption.js';
import { grantOperations } from './grants.js';
import { importOperations } from './import.js';
import { keyAgreementOperations } from './key-agreement.js';
import { keyOperations } from './keys.js';
import { multiRegionOperations } from './multi-region.js';
import { policyOperations } from './policies.js';
import { rotationOperations } from './rotation.js';
import { createSettler } from './settle.js';
import { signingOperations } from './signing.js';
import { type KmsOptions, openWorld } from './state.js';
import { tagOperations } from './tags.js';
import { validate } from './validation.js';

const GROUPS = [
  keyOperations,
  aliasOperations,
  policyOperations,
  tagOperations,
  rotationOperations,
  encryptionOperations,
  dataKeyOperations,
  signingOperations,
  keyAgreementOperations,
  grantOperations,
  multiRegionOperations,
  importOperations,
];

/**
 * AWS KMS as a state machine over `options.store`: all Regions of one account. A service made again over the same store
 * goes on where the last one stopped.
 */
export function createKms(options: KmsOptions): Service {
  const world = openWorld(options);
  const operations = Object.assign({}, ...GROUPS.map((group) => group(world))) as Record<string, Operation>;
  const settle = createSettler(world);
  const checked = Object.entries(operations).map(([name, run]) => [
    name,
    (input: JsonObject, call: Call) => {
      validate(name, input);
      settle(call.nowMillis);
      return run(input, call);
    },
  ]);
  return { name: 'kms', operations: Object.fromEntries(checked), settle };
}
