import type { JsonObject } from '../../base/canonical-json.js';
import { elementsOf } from './elements.js';
import { keysOf } from './resources.js';
import { s3Parameters } from './s3-events.js';
import type { Witnessed } from './witnessed.js';

/** What a record says of a request and of its answer. */

const SYMMETRIC = 'SYMMETRIC_DEFAULT';

/** Members that KMS records also when the request did not say them (Developer Guide, examples of log entries). */
const KMS_DEFAULTS: Readonly<Record<string, JsonObject>> = {
  CreateKey: {
    BypassPolicyLockoutSafetyCheck: false,
    CustomerMasterKeySpec: SYMMETRIC,
    Description: '',
    KeySpec: SYMMETRIC,
    KeyUsage: 'ENCRYPT_DECRYPT',
    MultiRegion: false,
    Origin: 'AWS_KMS',
  },
  Decrypt: { EncryptionAlgorithm: SYMMETRIC },
  Encrypt: { EncryptionAlgorithm: SYMMETRIC },
  PutKeyPolicy: { BypassPolicyLockoutSafetyCheck: false, PolicyName: 'default' },
  ReEncrypt: { DestinationEncryptionAlgorithm: SYMMETRIC, SourceEncryptionAlgorithm: SYMMETRIC },
  ReplicateKey: { BypassPolicyLockoutSafetyCheck: false, Description: '' },
};

/** Null where the request says nothing that may be recorded, and where the caller was denied. */
export function requestParametersOf({ service, operation, input, outcome }: Witnessed): JsonObject | null {
  if ('error' in outcome && /^AccessDenied/.test(outcome.error.code)) return null;
  if (service === 's3') return s3Parameters(input);
  if (service !== 'kms') return elementsOf(input);
  if (operation === 'GenerateRandom') return null;
  const spec = input.KeySpec ?? input.CustomerMasterKeySpec;
  const twins: JsonObject =
    operation === 'CreateKey' && spec !== undefined ? { CustomerMasterKeySpec: spec, KeySpec: spec } : {};
  return elementsOf({ ...KMS_DEFAULTS[operation], ...input, ...twins });
}

/** Operations of IAM and STS whose answers are recorded; KMS records every answer of an operation that changes something. */
const ANSWERS_RECORDED = new Set([
  'AssumeRole',
  'AssumeRoleWithWebIdentity',
  'CreateOpenIDConnectProvider',
  'CreatePolicy',
  'CreatePolicyVersion',
  'CreateRole',
]);

/** Null for failed calls and for those that only read. */
export function responseElementsOf(witnessed: Witnessed, readOnly: boolean): JsonObject | null {
  const { service, operation, outcome } = witnessed;
  if ('error' in outcome) return null;
  if (service !== 'kms') return ANSWERS_RECORDED.has(operation) ? elementsOf(outcome.answer) : null;
  // The guide's entry of PutKeyPolicy has none.
  if (readOnly || operation === 'PutKeyPolicy') return null;
  const named = 'KeyMetadata' in outcome.answer || 'ReplicaKeyMetadata' in outcome.answer;
  const keyId = named ? undefined : keysOf(witnessed)[0];
  // Since December 2022 the entry names the key, also where the operation's answer does not.
  return elementsOf({ ...(keyId !== undefined && { KeyId: keyId }), ...outcome.answer });
}
