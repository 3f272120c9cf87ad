import type { JsonObject } from '../../base/canonical-json.js';
import type { Call } from '../service.js';
import { optionalTextOf, question, textOf } from './access.js';
import { invalidArgument, s3Error } from './errors.js';
import { type BucketRow, type S3World, type VersionRow, versionsOf } from './state.js';

const VERSION_ID = /^(?:null|[A-Za-z0-9._-]{1,64})$/;

/** The newest version of a key, which may be a delete marker. */
export function currentOf(world: S3World, bucket: string, key: string): VersionRow | undefined {
  return versionsOf(world, bucket, key).at(-1);
}

/** The version that a request names; undefined where there is none. @throws ServiceError InvalidArgument */
export function findVersion(world: S3World, { name }: BucketRow, key: string, versionId: string | null) {
  if (versionId === null) return currentOf(world, name, key);
  if (!VERSION_ID.test(versionId)) throw invalidArgument('Invalid version id specified', 'versionId', versionId);
  return versionsOf(world, name, key).find((row) => row.versionId === versionId);
}

/**
 * The version that a request is about; no marker.
 * @throws ServiceError NoSuchKey (AccessDenied for whoever may not list), NoSuchVersion, MethodNotAllowed for a marker
 */
export function namedVersion(world: S3World, call: Call, bucket: BucketRow, input: JsonObject): VersionRow {
  const [key, versionId] = [textOf(input, 'Key'), optionalTextOf(input, 'VersionId')];
  const row = findVersion(world, bucket, key, versionId);
  if (row !== undefined && !row.marker) return row;
  const marked: JsonObject = row === undefined ? {} : { DeleteMarker: 'true', VersionId: row.versionId };
  if (row !== undefined && versionId !== null) {
    throw s3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.', marked);
  }
  // GetObject, "Permissions": without s3:ListBucket a missing object is a 403.
  const list = versionId === null ? 's3:ListBucket' : 's3:ListBucketVersions';
  if (!call.allows(question(world, call, list, bucket))) throw s3Error('AccessDenied', 'Access Denied', marked);
  if (versionId === null) throw s3Error('NoSuchKey', 'The specified key does not exist.', { Key: key, ...marked });
  throw s3Error('NoSuchVersion', 'The specified version does not exist.', { Key: key, VersionId: versionId });
}
