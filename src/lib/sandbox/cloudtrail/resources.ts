import type { JsonObject } from '../../base/canonical-json.js';
import { isObject } from '../kms/input.js';
import type { Witnessed } from './witnessed.js';

/** What an event is about. */

const KMS_RESOURCE = /^arn:[a-z-]+:kms:([a-z0-9-]+):\d{12}:(key|alias)\//;

/** ARNs of keys and aliases that the call named or made, in the call's own Region. */
export function kmsResourcesOf({ call, resources, outcome }: Witnessed): readonly string[] {
  const made = 'answer' in outcome && isObject(outcome.answer.KeyMetadata) ? outcome.answer.KeyMetadata.Arn : null;
  const all = typeof made === 'string' ? [made, ...resources] : resources;
  return [...new Set(all)].filter((arn) => KMS_RESOURCE.exec(arn)?.[1] === call.region);
}

/** ARNs of the keys alone. */
export function keysOf(witnessed: Witnessed): readonly string[] {
  return kmsResourcesOf(witnessed).filter((arn) => KMS_RESOURCE.exec(arn)?.[2] === 'key');
}

/** The `resources` of the record; null where the service's records have none. */
export function resourcesOf(witnessed: Witnessed): readonly JsonObject[] | null {
  const { service, call, input } = witnessed;
  const entry = (type: string) => (ARN: string) => ({ accountId: call.caller.account, type, ARN });
  // The guide's entries call an alias a key too.
  if (service === 'kms') return kmsResourcesOf(witnessed).map(entry('AWS::KMS::Key'));
  if (service === 's3')
    return typeof input.Bucket === 'string' ? [entry('AWS::S3::Bucket')(`arn:aws:s3:::${input.Bucket}`)] : null;
  if (service === 'sts' && typeof input.RoleArn === 'string') return [entry('AWS::IAM::Role')(input.RoleArn)];
  return null;
}

/** What LookupEvents finds an event by. */
export interface EventResource {
  readonly type: string;
  readonly name: string;
}

const IAM_MEMBERS: Readonly<Record<string, string>> = {
  OpenIDConnectProviderArn: 'AWS::IAM::OpenIDConnectProvider',
  PolicyArn: 'AWS::IAM::Policy',
  PolicyName: 'AWS::IAM::Policy',
  RoleArn: 'AWS::IAM::Role',
  RoleName: 'AWS::IAM::Role',
};

/** `Resources` of the event in an answer of LookupEvents. */
export function lookupResourcesOf(witnessed: Witnessed): readonly EventResource[] {
  const { service, input } = witnessed;
  if (service === 'kms') return kmsResourcesOf(witnessed).map((name) => ({ type: 'AWS::KMS::Key', name }));
  if (service === 's3')
    return typeof input.Bucket === 'string' ? [{ type: 'AWS::S3::Bucket', name: input.Bucket }] : [];
  if (service === 'cloudtrail')
    return typeof input.Name === 'string' ? [{ type: 'AWS::CloudTrail::Trail', name: input.Name }] : [];
  return Object.entries(IAM_MEMBERS).flatMap(([member, type]) => {
    const name = input[member];
    return typeof name === 'string' ? [{ type, name }] : [];
  });
}
