import type { JsonObject } from '../../base/canonical-json.js';
import { isObject } from '../kms/input.js';
import type { Witnessed } from './witnessed.js';

/** The event that a call leaves in a second Region beside its own. */
export interface Echo {
  readonly region: string;
  readonly keyArn: string;
  readonly record: JsonObject;
}

/**
 * UpdatePrimaryRegion is recorded in both Regions; ReplicateKey is a CreateKey in the replica's ("UpdatePrimaryRegion",
 * "CreateKey", examples of log entries): KMS made that second call for the caller.
 */
export function echoOf({ service, operation, input, call, outcome }: Witnessed, record: JsonObject): Echo | null {
  if (service !== 'kms' || 'error' in outcome) return null;
  const region = operation === 'UpdatePrimaryRegion' ? input.PrimaryRegion : input.ReplicaRegion;
  if (!['UpdatePrimaryRegion', 'ReplicateKey'].includes(operation) || typeof region !== 'string') return null;
  const keyId = String(input.KeyId).replace(/^.*\//, '');
  const keyArn = `arn:aws:kms:${region}:${call.caller.account}:key/${keyId}`;
  const identity = isObject(record.userIdentity) ? record.userIdentity : {};
  const common = {
    ...record,
    userIdentity: { ...identity, invokedBy: 'kms.amazonaws.com' },
    awsRegion: region,
    resources: [{ accountId: call.caller.account, type: 'AWS::KMS::Key', ARN: keyArn }],
  };
  const parameters = isObject(record.requestParameters) ? record.requestParameters : {};
  if (operation === 'UpdatePrimaryRegion') {
    return {
      region,
      keyArn,
      record: { ...common, requestParameters: { ...parameters, keyId: keyArn }, responseElements: { keyId: keyArn } },
    };
  }
  const { replicaRegion: _region, keyId: _keyId, ...made } = parameters;
  const answer = isObject(record.responseElements) ? record.responseElements : {};
  const responseElements = { keyMetadata: answer.replicaKeyMetadata ?? null };
  const requestParameters = { ...made, multiRegion: true };
  return { region, keyArn, record: { ...common, eventName: 'CreateKey', requestParameters, responseElements } };
}
