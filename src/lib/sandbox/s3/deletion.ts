import type { JsonObject } from '../../base/canonical-json.js';
import { isObject } from '../kms/input.js';
import { type Call, ServiceError } from '../service.js';
import { authorize, type Operations, openBucket, optionalTextOf, textOf } from './access.js';
import { listOf } from './checks.js';
import { hasIntegrity } from './checksums.js';
import { malformedXml, s3Error } from './errors.js';
import { findVersion } from './find.js';
import { bypasses, isRetained, protectedByLock } from './lock.js';
import { addVersion, newVersion } from './objects.js';
import { type BucketRow, removeVersion, type S3World, versionsOf } from './state.js';

export const deletionOperations: Operations = (world) => ({
  DeleteObject(input, call) {
    const bucket = openBucket(world, call, input);
    return deleteOne(world, call, bucket, input);
  },

  DeleteObjects(input, call) {
    const bucket = openBucket(world, call, input);
    if (!hasIntegrity(input)) throw s3Error('InvalidRequest', 'Missing required header for this request: Content-MD5');
    const wanted = isObject(input.Delete) ? input.Delete : {};
    const objects = listOf(wanted.Object);
    if (objects.length === 0 || objects.length > 1000) throw malformedXml();
    const quiet = textOf(wanted, 'Quiet') === 'true';
    const results = objects.map((object) => deleteListed(world, call, bucket, { ...object, ...bypassOf(input) }));
    return {
      Deleted: results.flatMap(({ deleted }) => (deleted === undefined || quiet ? [] : [deleted])),
      Error: results.flatMap(({ error }) => (error === undefined ? [] : [error])),
    };
  },
});

function bypassOf(input: JsonObject): JsonObject {
  const flag = optionalTextOf(input, 'BypassGovernanceRetention');
  return flag === null ? {} : { BypassGovernanceRetention: flag };
}

/** One of a list: what goes wrong with it stands in the answer. */
function deleteListed(
  world: S3World,
  call: Call,
  bucket: BucketRow,
  object: JsonObject,
): { readonly deleted?: JsonObject; readonly error?: JsonObject } {
  const [key, versionId] = [textOf(object, 'Key'), optionalTextOf(object, 'VersionId')];
  const named = { Key: key, ...(versionId !== null && { VersionId: versionId }) };
  try {
    const answer = deleteOne(world, call, bucket, object);
    const marker: JsonObject =
      answer.DeleteMarker === 'true' ? { DeleteMarker: 'true', DeleteMarkerVersionId: answer.VersionId ?? '' } : {};
    return { deleted: { ...named, ...marker } };
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    return { error: { ...named, Code: cause.code, Message: cause.message } };
  }
}

function deleteOne(world: S3World, call: Call, bucket: BucketRow, input: JsonObject): JsonObject {
  const [key, versionId] = [textOf(input, 'Key'), optionalTextOf(input, 'VersionId')];
  if (versionId === null) {
    authorize(world, call, 's3:DeleteObject', bucket, key);
    bypasses(world, call, bucket, key, input);
    return deleteCurrent(world, call, bucket, key);
  }
  authorize(world, call, 's3:DeleteObjectVersion', bucket, key, { 's3:VersionId': versionId });
  const bypass = bypasses(world, call, bucket, key, input);
  const row = findVersion(world, bucket, key, versionId);
  // A version that is not there is as deleted as it can be.
  if (row === undefined) return { VersionId: versionId };
  const retained = isRetained(row, call.nowMillis) && !(row.mode === 'GOVERNANCE' && bypass);
  if (retained || row.legalHold === 'ON') throw protectedByLock();
  removeVersion(world, row);
  return { VersionId: versionId, ...(row.marker && { DeleteMarker: 'true' }) };
}

/** "Deleting object versions from a versioning-enabled bucket": nothing goes, a marker comes. */
function deleteCurrent(world: S3World, call: Call, bucket: BucketRow, key: string): JsonObject {
  if (bucket.versioning === null) {
    for (const row of versionsOf(world, bucket.name, key)) removeVersion(world, row);
    return {};
  }
  const marker = { ...newVersion(world, call, bucket, key), marker: true };
  addVersion(world, bucket, marker, null);
  return { DeleteMarker: 'true', VersionId: marker.versionId };
}
