import { createHash } from 'node:crypto';
import type { JsonObject } from '../../base/canonical-json.js';
import { instantFromMillis } from '../../base/time.js';
import { isObject } from '../kms/input.js';
import type { Call } from '../service.js';
import { MAX_OBJECT_BYTES } from '../wire/message.js';
import { authorize, contextOf, type Operations, openBucket, optionalTextOf, question, textOf } from './access.js';
import { hasIntegrity, verifiedChecksums } from './checksums.js';
import { assertReadable, encrypt, encryptionMembers, wishOf } from './encryption.js';
import { s3Error } from './errors.js';
import { currentOf, namedVersion } from './find.js';
import { type Lock, lockContext, lockOf } from './lock.js';
import { destinationOf } from './replication-rules.js';
import {
  type BucketRow,
  MOST_STORED_BYTES,
  putVersion,
  removeVersion,
  type S3World,
  type VersionRow,
  versionsOf,
} from './state.js';

/** Service Authorization Reference, "Condition keys for Amazon S3": from headers of the request. */
const PUT_CONTEXT: Readonly<Record<string, string>> = {
  IfMatch: 's3:if-match',
  IfNoneMatch: 's3:if-none-match',
  ObjectLockLegalHoldStatus: 's3:object-lock-legal-hold',
  SSEKMSKeyId: 's3:x-amz-server-side-encryption-aws-kms-key-id',
  ServerSideEncryption: 's3:x-amz-server-side-encryption',
  StorageClass: 's3:x-amz-storage-class',
};

export const objectOperations: Operations = (world) => ({
  PutObject: (input, call) => putObject(world, call, input),

  GetObject(input, call) {
    const { bucket, row } = openVersion(world, call, input);
    assertReadable(world, call, row);
    return {
      ...describe(world, call, bucket, row, wantsChecksum(input)),
      Body: world.bytes.get(rowIdOf(row))?.bytes ?? '',
    };
  },

  HeadObject(input, call) {
    const { bucket, row } = openVersion(world, call, input);
    // HeadObject: only the checksum of an object under a KMS key takes kms:Decrypt.
    if (wantsChecksum(input)) assertReadable(world, call, row);
    return describe(world, call, bucket, row, wantsChecksum(input));
  },
});

function rowIdOf({ number }: VersionRow): string {
  return String(number).padStart(15, '0');
}

function wantsChecksum(input: JsonObject): boolean {
  return textOf(input, 'ChecksumMode').toUpperCase() === 'ENABLED';
}

function openVersion(world: S3World, call: Call, input: JsonObject) {
  const bucket = openBucket(world, call, input);
  const versionId = optionalTextOf(input, 'VersionId');
  const action = versionId === null ? 's3:GetObject' : 's3:GetObjectVersion';
  authorize(world, call, action, bucket, textOf(input, 'Key'), versionId === null ? {} : { 's3:VersionId': versionId });
  return { bucket, row: namedVersion(world, call, bucket, input) };
}

function describe(world: S3World, call: Call, bucket: BucketRow, row: VersionRow, checksums: boolean): JsonObject {
  const may = (action: string): boolean => call.allows(question(world, call, action, bucket, row.key));
  return {
    AcceptRanges: 'bytes',
    ContentLength: row.size,
    ContentType: row.contentType,
    ETag: row.etag,
    LastModified: new Date(row.modifiedMillis).toUTCString(),
    Metadata: row.metadata,
    ...(row.versionId !== 'null' || bucket.versioning !== null ? { VersionId: row.versionId } : {}),
    ...encryptionMembers(row.encryption),
    ...(checksums && { ...row.checksums, ChecksumType: 'FULL_OBJECT' }),
    ...(row.replication !== null && { ReplicationStatus: row.replication }),
    // "This header is only returned if the requester has the s3:GetObjectRetention permission."
    ...(row.mode !== null &&
      row.retainUntilMillis !== null &&
      may('s3:GetObjectRetention') && {
        ObjectLockMode: row.mode,
        ObjectLockRetainUntilDate: instantFromMillis(row.retainUntilMillis),
      }),
    ...(row.legalHold !== null && may('s3:GetObjectLegalHold') && { ObjectLockLegalHoldStatus: row.legalHold }),
  };
}

function putObject(world: S3World, call: Call, input: JsonObject): JsonObject {
  const bucket = openBucket(world, call, input);
  const key = textOf(input, 'Key');
  if (Buffer.byteLength(key, 'utf8') > 1024) throw s3Error('KeyTooLongError', 'Your key is too long');
  authorizePut(world, call, bucket, key, input);
  const bytes = Buffer.from(textOf(input, 'Body'), 'base64');
  const checksums = verifiedChecksums(input, bytes);
  assertFits(world, bytes.length);
  refuseClass(input);
  const lock = checkedLock(bucket, input, call.nowMillis);
  assertConditions(world, bucket, key, input);
  const encryption = encrypt(world, call, bucket.name, key, wishOf(bucket, input));
  const row = addVersion(
    world,
    bucket,
    {
      ...newVersion(world, call, bucket, key),
      size: bytes.length,
      etag: `"${etagOf(world, bytes, encryption.algorithm)}"`,
      contentType: optionalTextOf(input, 'ContentType') ?? 'binary/octet-stream',
      metadata: metadataOf(input),
      checksums,
      encryption,
      ...lock,
    },
    bytes,
  );
  return {
    ETag: row.etag,
    ...(bucket.versioning !== null && { VersionId: row.versionId }),
    ...encryptionMembers(encryption),
    ...checksums,
    ChecksumType: 'FULL_OBJECT',
  };
}

function authorizePut(world: S3World, call: Call, bucket: BucketRow, key: string, input: JsonObject): void {
  const [mode, until] = [optionalTextOf(input, 'ObjectLockMode'), optionalTextOf(input, 'ObjectLockRetainUntilDate')];
  const context = {
    ...contextOf(input, PUT_CONTEXT),
    ...lockContext(mode, until, call.nowMillis),
    's3:ObjectCreationOperation': 'true',
  };
  authorize(world, call, 's3:PutObject', bucket, key, context);
  if (mode !== null) authorize(world, call, 's3:PutObjectRetention', bucket, key, context);
  if (input.ObjectLockLegalHoldStatus !== undefined)
    authorize(world, call, 's3:PutObjectLegalHold', bucket, key, context);
}

/** @throws ServiceError InvalidRequest for bytes under a lock that nothing vouches for */
function checkedLock(bucket: BucketRow, input: JsonObject, nowMillis: number): Lock {
  const lock = lockOf(bucket, input, nowMillis);
  if (lock.mode === null || hasIntegrity(input)) return lock;
  throw s3Error(
    'InvalidRequest',
    'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
  );
}

function assertFits(world: S3World, size: number): void {
  if (size > MAX_OBJECT_BYTES) {
    throw s3Error('EntityTooLarge', `The sandbox keeps objects of at most ${MAX_OBJECT_BYTES} bytes.`);
  }
  if (world.stored + size > MOST_STORED_BYTES) {
    throw s3Error('EntityTooLarge', `The sandbox keeps at most ${MOST_STORED_BYTES} bytes in all its buckets.`);
  }
}

function refuseClass(input: JsonObject): void {
  if (!['', 'STANDARD'].includes(textOf(input, 'StorageClass'))) {
    throw s3Error('NotImplemented', 'The sandbox has the storage class STANDARD alone.');
  }
}

/** "Add preconditions to S3 operations with conditional requests". */
function assertConditions(world: S3World, bucket: BucketRow, key: string, input: JsonObject): void {
  const [match, noneMatch] = [optionalTextOf(input, 'IfMatch'), optionalTextOf(input, 'IfNoneMatch')];
  const current = currentOf(world, bucket.name, key);
  const there = current !== undefined && !current.marker;
  if (noneMatch !== null && noneMatch !== '*') {
    throw s3Error('NotImplemented', 'A header you provided implies functionality that is not implemented', {
      Header: 'If-None-Match',
    });
  }
  if (noneMatch !== null && there) throw preconditionFailed('If-None-Match');
  if (match === null) return;
  if (!there) throw s3Error('NoSuchKey', 'The specified key does not exist.', { Key: key });
  if (match.replace(/^"?/, '"').replace(/"?$/, '"') !== current.etag) throw preconditionFailed('If-Match');
}

function preconditionFailed(condition: string) {
  return s3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    Condition: condition,
  });
}

/** Under a KMS key an ETag is not the MD5 of the bytes ("Object", ETag). */
function etagOf(world: S3World, bytes: Buffer, algorithm: string): string {
  return algorithm === 'aws:kms' ? world.random(16).toString('hex') : createHash('md5').update(bytes).digest('hex');
}

function metadataOf({ Metadata }: JsonObject): Readonly<Record<string, string>> {
  if (!isObject(Metadata)) return {};
  return Object.fromEntries(Object.entries(Metadata).map(([name, value]) => [name, String(value)]));
}

/** A version without bytes, numbered and named. */
export function newVersion(world: S3World, call: Pick<Call, 'nowMillis'>, bucket: BucketRow, key: string): VersionRow {
  return {
    number: world.nextNumber++,
    bucket: bucket.name,
    key,
    versionId: bucket.versioning === 'Enabled' ? world.random(24).toString('base64url') : 'null',
    marker: false,
    modifiedMillis: Math.floor(call.nowMillis / 1000) * 1000,
    size: 0,
    etag: '',
    contentType: '',
    metadata: {},
    checksums: {},
    encryption: { algorithm: 'AES256', keyArn: null, dataKey: null, bucketKey: false },
    mode: null,
    retainUntilMillis: null,
    legalHold: null,
    replication: null,
  };
}

/** Adds the newest version of a key; there is one version `null` at most. */
export function addVersion(world: S3World, bucket: BucketRow, row: VersionRow, bytes: Buffer | null): VersionRow {
  if (row.versionId === 'null') {
    for (const old of versionsOf(world, bucket.name, row.key)) if (old.versionId === 'null') removeVersion(world, old);
  }
  const goes = destinationOf(bucket, row) !== null;
  return putVersion(world, goes ? { ...row, replication: 'PENDING' } : row, bytes);
}
