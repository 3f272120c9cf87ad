import type { JsonObject } from '../../base/canonical-json.js';
import { isObject } from '../kms/input.js';
import { type Call, ServiceError } from '../service.js';
import { optionalTextOf, textOf } from './access.js';
import { listOf } from './checks.js';
import { invalidArgument, s3Error } from './errors.js';
import { type BucketRow, bucketArn, type ObjectEncryption, objectArn, type S3World, type VersionRow } from './state.js';

/** How a version is to be encrypted, before KMS was asked. */
export type Wish = Pick<ObjectEncryption, 'algorithm' | 'bucketKey'> & { readonly keyId: string | null };

/** What the request says, else the bucket's default ("Setting default server-side encryption behavior"). */
export function wishOf(bucket: BucketRow, input: JsonObject): Wish {
  const algorithm = optionalTextOf(input, 'ServerSideEncryption');
  const keyId = optionalTextOf(input, 'SSEKMSKeyId');
  const standing = defaultOf(bucket);
  const flag = optionalTextOf(input, 'BucketKeyEnabled');
  const bucketKey = flag === null ? standing.bucketKey : flag.toLowerCase() === 'true';
  if (algorithm === null) {
    if (keyId === null) return standing;
    throw invalidArgument(
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
      'x-amz-server-side-encryption',
      'null',
    );
  }
  if (algorithm === 'AES256') {
    if (keyId === null) return { algorithm, keyId, bucketKey: false };
    throw invalidArgument(
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
      'x-amz-server-side-encryption',
      algorithm,
    );
  }
  if (algorithm === 'aws:kms:dsse') throw s3Error('NotImplemented', 'The sandbox has no dual-layer encryption.');
  if (algorithm !== 'aws:kms')
    throw invalidArgument(
      'The encryption method specified is not supported',
      'x-amz-server-side-encryption',
      algorithm,
    );
  const named = keyId ?? (standing.algorithm === 'aws:kms' ? standing.keyId : null);
  if (named === null) throw s3Error('NotImplemented', 'The sandbox has no key aws/s3.');
  return { algorithm, keyId: named, bucketKey };
}

export function defaultOf({ encryption }: BucketRow): Wish {
  const [rule] = listOf(encryption?.Rule);
  const by = isObject(rule?.ApplyServerSideEncryptionByDefault) ? rule.ApplyServerSideEncryptionByDefault : {};
  if (textOf(by, 'SSEAlgorithm') !== 'aws:kms') return { algorithm: 'AES256', keyId: null, bucketKey: false };
  return { algorithm: 'aws:kms', keyId: textOf(by, 'KMSMasterKeyID'), bucketKey: rule?.BucketKeyEnabled === 'true' };
}

/** Asks KMS for a data key with the caller's right. @throws ServiceError AccessDenied, KMS.… */
export function encrypt(world: S3World, call: Call, bucket: string, key: string, wish: Wish): ObjectEncryption {
  if (wish.algorithm === 'AES256' || wish.keyId === null) {
    return { algorithm: 'AES256', keyArn: null, dataKey: null, bucketKey: false };
  }
  const answer = askKms(call, 'GenerateDataKey', {
    KeyId: wish.keyId,
    KeySpec: 'AES_256',
    EncryptionContext: contextOf(world, bucket, key, wish.bucketKey),
  });
  return {
    algorithm: 'aws:kms',
    keyArn: textOf(answer, 'KeyId'),
    dataKey: textOf(answer, 'CiphertextBlob'),
    bucketKey: wish.bucketKey,
  };
}

/** Opens the data key of a version with the caller's right. @throws ServiceError AccessDenied, KMS.… */
export function assertReadable(world: S3World, call: Call, { bucket, key, encryption }: VersionRow): void {
  const { keyArn, dataKey, bucketKey } = encryption;
  if (keyArn === null || dataKey === null) return;
  askKms(call, 'Decrypt', {
    CiphertextBlob: dataKey,
    KeyId: keyArn,
    EncryptionContext: contextOf(world, bucket, key, bucketKey),
  });
}

/** "Encryption context": the object's ARN, with an S3 Bucket Key the bucket's. */
function contextOf(world: S3World, bucket: string, key: string, bucketKey: boolean): JsonObject {
  return { 'aws:s3:arn': bucketKey ? bucketArn(world, bucket) : objectArn(world, bucket, key) };
}

/** S3 puts KMS in front of the names of its errors. */
function askKms(call: Call, operation: string, input: JsonObject): JsonObject {
  if (call.forward === undefined) throw s3Error('NotImplemented', 'There is no KMS beside this S3.');
  try {
    return call.forward('kms', operation, input);
  } catch (cause) {
    if (!(cause instanceof ServiceError) || cause.code === 'AccessDenied') throw cause;
    throw new ServiceError(
      cause.status >= 500 ? 'ServiceUnavailable' : `KMS.${cause.code}`,
      cause.message,
      cause.status,
    );
  }
}

/** What an answer says of it. */
export function encryptionMembers({ algorithm, keyArn, bucketKey }: ObjectEncryption): JsonObject {
  return {
    ServerSideEncryption: algorithm,
    ...(keyArn !== null && { SSEKMSKeyId: keyArn }),
    ...(bucketKey && { BucketKeyEnabled: 'true' }),
  };
}
