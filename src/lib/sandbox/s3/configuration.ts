import type { JsonObject, JsonValue } from '../../base/canonical-json.js';
import { isObject } from '../kms/input.js';
import type { Call } from '../service.js';
import { authorize, type Operations, openBucket, textOf } from './access.js';
import { checkEncryption, checkLifecycle, checkLockRule, checkOwnership, checkPublicAccess } from './checks.js';
import { malformedXml, s3Error } from './errors.js';
import { checkReplication } from './replication-rules.js';
import type { BucketRow, S3World } from './state.js';

/** What is kept of a bucket as it was put, and given back so. */
interface Part {
  /** `s3:Put…`, and for deletion. */
  readonly put: string;
  readonly get: string;
  /** The member of the request. */
  readonly member: string;
  readonly field: 'encryption' | 'publicAccess' | 'ownership' | 'lifecycle' | 'replication';
  /** @throws ServiceError for what S3 would not keep */
  readonly check: (value: JsonObject, bucket: BucketRow, world: S3World) => void;
  /** The error of a bucket that has none. */
  readonly missing: readonly [code: string, message: string];
  /** What a bucket without it has at AWS. */
  readonly standing?: JsonObject;
}

const SSE_S3: JsonObject = {
  Rule: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: 'false' }],
};

/** THE table of parts of a bucket: operation names without `Put` and `Get`. */
const PARTS: Readonly<Record<string, Part>> = {
  BucketEncryption: {
    put: 's3:PutEncryptionConfiguration',
    get: 's3:GetEncryptionConfiguration',
    member: 'ServerSideEncryptionConfiguration',
    field: 'encryption',
    check: checkEncryption,
    missing: [
      'ServerSideEncryptionConfigurationNotFoundError',
      'The server side encryption configuration was not found',
    ],
    standing: SSE_S3,
  },
  PublicAccessBlock: {
    put: 's3:PutBucketPublicAccessBlock',
    get: 's3:GetBucketPublicAccessBlock',
    member: 'PublicAccessBlockConfiguration',
    field: 'publicAccess',
    check: checkPublicAccess,
    missing: ['NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found'],
  },
  BucketOwnershipControls: {
    put: 's3:PutBucketOwnershipControls',
    get: 's3:GetBucketOwnershipControls',
    member: 'OwnershipControls',
    field: 'ownership',
    check: checkOwnership,
    missing: ['OwnershipControlsNotFoundError', 'The bucket ownership controls were not found'],
  },
  BucketLifecycleConfiguration: {
    put: 's3:PutLifecycleConfiguration',
    get: 's3:GetLifecycleConfiguration',
    member: 'LifecycleConfiguration',
    field: 'lifecycle',
    check: checkLifecycle,
    missing: ['NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist'],
  },
  BucketReplication: {
    put: 's3:PutReplicationConfiguration',
    get: 's3:GetReplicationConfiguration',
    member: 'ReplicationConfiguration',
    field: 'replication',
    check: checkReplication,
    missing: ['ReplicationConfigurationNotFoundError', 'The replication configuration was not found'],
  },
};

export const configurationOperations: Operations = (world) => ({
  ...Object.fromEntries(Object.entries(PARTS).flatMap(([name, part]) => partOperations(world, name, part))),

  DeleteBucketLifecycle: (input, call) => drop(world, call, input, 'BucketLifecycleConfiguration'),
  DeleteBucketReplication: (input, call) => drop(world, call, input, 'BucketReplication'),

  PutBucketVersioning(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:PutBucketVersioning', bucket);
    const wanted = member(input, 'VersioningConfiguration');
    const status = textOf(wanted, 'Status');
    if (status !== 'Enabled' && status !== 'Suspended') throw malformedXml();
    if (textOf(wanted, 'MfaDelete') === 'Enabled') throw s3Error('NotImplemented', 'The sandbox has no MFA delete.');
    if (bucket.lockEnabled && status !== 'Enabled') {
      throw s3Error(
        'InvalidBucketState',
        'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
      );
    }
    world.buckets.put(bucket.name, { ...bucket, versioning: status });
    return {};
  },

  GetBucketVersioning(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:GetBucketVersioning', bucket);
    return { ...(bucket.versioning !== null && { Status: bucket.versioning }) };
  },

  PutObjectLockConfiguration(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:PutBucketObjectLockConfiguration', bucket);
    const wanted = member(input, 'ObjectLockConfiguration');
    if (textOf(wanted, 'ObjectLockEnabled') !== 'Enabled') throw malformedXml();
    if (bucket.versioning !== 'Enabled') {
      throw s3Error(
        'InvalidBucketState',
        "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
      );
    }
    const lockRule = isObject(wanted.Rule) ? wanted.Rule : null;
    if (lockRule !== null) checkLockRule(lockRule);
    world.buckets.put(bucket.name, { ...bucket, lockEnabled: true, lockRule });
    return {};
  },

  GetObjectLockConfiguration(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:GetBucketObjectLockConfiguration', bucket);
    if (!bucket.lockEnabled) {
      throw s3Error('ObjectLockConfigurationNotFoundError', 'Object Lock configuration does not exist for this bucket');
    }
    return { ObjectLockEnabled: 'Enabled', ...(bucket.lockRule !== null && { Rule: bucket.lockRule }) };
  },
});

function partOperations(world: S3World, name: string, part: Part) {
  const put = (input: JsonObject, call: Call): JsonObject => {
    const bucket = openBucket(world, call, input);
    authorize(world, call, part.put, bucket);
    const value = member(input, part.member);
    part.check(value, bucket, world);
    const minimum = textOf(input, 'TransitionDefaultMinimumObjectSize');
    const more = part.field === 'lifecycle' && minimum !== '' ? { lifecycleMinimum: minimum } : {};
    world.buckets.put(bucket.name, { ...bucket, [part.field]: value, ...more });
    return {};
  };
  const get = (input: JsonObject, call: Call): JsonObject => {
    const bucket = openBucket(world, call, input);
    authorize(world, call, part.get, bucket);
    const value = bucket[part.field] ?? part.standing ?? null;
    if (value === null) throw s3Error(...part.missing, { BucketName: bucket.name });
    return value;
  };
  return [
    [`Put${name}`, put],
    [`Get${name}`, get],
  ] as const;
}

function drop(world: S3World, call: Call, input: JsonObject, name: string): JsonObject {
  const part = PARTS[name];
  const bucket = openBucket(world, call, input);
  if (part === undefined) return {};
  authorize(world, call, part.put, bucket);
  world.buckets.put(bucket.name, { ...bucket, [part.field]: null });
  return {};
}

function member(input: JsonObject, name: string): JsonObject {
  const value: JsonValue | undefined = input[name];
  if (!isObject(value)) throw malformedXml();
  return value;
}
