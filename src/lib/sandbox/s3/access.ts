import type { JsonObject } from '../../base/canonical-json.js';
import type { Authorization, Call, Operation } from '../service.js';
import { s3Error } from './errors.js';
import { type BucketRow, bucketArn, objectArn, type S3World } from './state.js';

export type Context = Readonly<Record<string, string | readonly string[]>>;

/** What each file of operations exports. */
export type Operations = (world: S3World) => Readonly<Record<string, Operation>>;

/** Text of a member that the wire has read; empty where it is not there. */
export function textOf(input: JsonObject, name: string): string {
  const value = input[name];
  return typeof value === 'string' ? value : '';
}

export function optionalTextOf(input: JsonObject, name: string): string | null {
  const value = input[name];
  return typeof value === 'string' ? value : null;
}

/** The bucket of a request. @throws ServiceError NoSuchBucket, PermanentRedirect, AccessDenied for another owner */
export function openBucket(world: S3World, call: Call, input: JsonObject): BucketRow {
  const name = textOf(input, 'Bucket');
  const bucket = world.buckets.get(name);
  if (bucket === undefined) {
    throw s3Error('NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
  }
  const owner = optionalTextOf(input, 'ExpectedBucketOwner');
  if (owner !== null && owner !== world.account) throw s3Error('AccessDenied', 'Access Denied');
  if (bucket.region === call.region) return bucket;
  throw s3Error(
    'PermanentRedirect',
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
    { Bucket: name, Endpoint: `s3.${bucket.region}.amazonaws.com`, region: bucket.region },
  );
}

/** "The root user of the account that owns a bucket can always" see, put and delete its policy (PutBucketPolicy). */
const ROOT_ALWAYS = ['s3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy'];

/** The question whether the caller may do `action` on a bucket, or on an object of it. */
export function question(
  world: S3World,
  { caller }: Call,
  action: string,
  bucket: BucketRow,
  key: string | null = null,
  context: Context = {},
): Authorization {
  const always = caller.kind === 'root' && ROOT_ALWAYS.includes(action);
  return {
    action,
    resource: key === null ? bucketArn(world, bucket.name) : objectArn(world, bucket.name, key),
    policyAdds: true,
    ...(bucket.policy !== null && !always && { resourcePolicy: bucket.policy }),
    context: {
      's3:ResourceAccount': world.account,
      'aws:ResourceAccount': world.account,
      's3:authType': 'REST-HEADER',
      's3:signatureversion': 'AWS4-HMAC-SHA256',
      ...context,
    },
  };
}

/** @throws ServiceError AccessDenied */
export function authorize(
  world: S3World,
  call: Call,
  action: string,
  bucket: BucketRow,
  key: string | null = null,
  context: Context = {},
): void {
  call.authorize(question(world, call, action, bucket, key, context));
}

/** Condition keys from members that are there. */
export function contextOf(input: JsonObject, members: Readonly<Record<string, string>>): Context {
  return Object.fromEntries(
    Object.entries(members).flatMap(([member, key]) => {
      const value = optionalTextOf(input, member);
      return value === null ? [] : [[key, value] as const];
    }),
  );
}
