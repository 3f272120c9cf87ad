import type { JsonObject } from '../../base/canonical-json.js';
import type { Witnessed } from './witnessed.js';

/**
 * "Amazon S3 CloudTrail events": what is done to a bucket is a management event, under the name of the older API where
 * there is one; what is done to objects, and their lists, are data events, which the event history does not have.
 */
const MANAGEMENT: Readonly<Record<string, string>> = {
  CreateBucket: 'CreateBucket',
  DeleteBucket: 'DeleteBucket',
  DeleteBucketLifecycle: 'DeleteBucketLifecycle',
  DeleteBucketPolicy: 'DeleteBucketPolicy',
  DeleteBucketReplication: 'DeleteBucketReplication',
  GetBucketEncryption: 'GetBucketEncryption',
  GetBucketLifecycleConfiguration: 'GetBucketLifecycle',
  GetBucketLocation: 'GetBucketLocation',
  GetBucketOwnershipControls: 'GetBucketOwnershipControls',
  GetBucketPolicy: 'GetBucketPolicy',
  GetBucketReplication: 'GetBucketReplication',
  GetBucketVersioning: 'GetBucketVersioning',
  GetObjectLockConfiguration: 'GetBucketObjectLockConfiguration',
  GetPublicAccessBlock: 'GetBucketPublicAccessBlock',
  HeadBucket: 'HeadBucket',
  ListBuckets: 'ListBuckets',
  PutBucketEncryption: 'PutBucketEncryption',
  PutBucketLifecycleConfiguration: 'PutBucketLifecycle',
  PutBucketOwnershipControls: 'PutBucketOwnershipControls',
  PutBucketPolicy: 'PutBucketPolicy',
  PutBucketReplication: 'PutBucketReplication',
  PutBucketVersioning: 'PutBucketVersioning',
  PutObjectLockConfiguration: 'PutBucketObjectLockConfiguration',
  PutPublicAccessBlock: 'PutBucketPublicAccessBlock',
};

export function isManagement(operation: string): boolean {
  return Object.hasOwn(MANAGEMENT, operation);
}

export function eventNameOf({ service, operation }: Pick<Witnessed, 'service' | 'operation'>): string {
  return service === 's3' ? (MANAGEMENT[operation] ?? operation) : operation;
}

/** Members of a request to a bucket, as its event shows them. */
export function s3Parameters({ Bucket, Body: _body, Policy, ...more }: JsonObject): JsonObject {
  const policy: JsonObject = typeof Policy === 'string' ? { bucketPolicy: parsedOr(Policy) } : {};
  return { ...(Bucket !== undefined && { bucketName: Bucket }), ...policy, ...more };
}

/** The guide's entry of PutBucketPolicy shows the document, not its text. */
function parsedOr(text: string): JsonObject | string {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return text;
  }
}
