import type { Call } from '../service.js';
import { ServiceError } from '../service.js';
import { authorize } from './access.js';
import { assertReadable, defaultOf, encrypt } from './encryption.js';
import { lockOf } from './lock.js';
import { type Destination, destinationOf } from './replication-rules.js';
import { type BucketRow, bytesOf, putVersion, type S3World, type VersionRow, versionRowId } from './state.js';

/**
 * Copies what waits ("Replicating objects within and across Regions"), in the role of the configuration and judged as that role is. At
 * AWS it takes seconds to minutes; here it is done when time is next looked at.
 */
export function createReplicator(world: S3World): (nowMillis: number) => void {
  let seen = -1;
  return (nowMillis) => {
    const changes = world.versions.changes + world.buckets.changes;
    if (changes === seen) return;
    for (const row of world.versions.values()) if (row.replication === 'PENDING') replicate(world, row, nowMillis);
    seen = world.versions.changes + world.buckets.changes;
  };
}

function replicate(world: S3World, row: VersionRow, nowMillis: number): void {
  const way = wayOf(world, row, nowMillis);
  try {
    if (way !== null) copy(world, row, way);
    finish(world, row, way === null ? 'FAILED' : 'COMPLETED');
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    finish(world, row, 'FAILED');
  }
}

/** Null where the configuration, the destination or the role is gone. */
function wayOf(world: S3World, row: VersionRow, nowMillis: number): Way | null {
  const source = world.buckets.get(row.bucket);
  const destination = source === undefined ? null : destinationOf(source, row);
  const target = destination === null ? undefined : world.buckets.get(destination.bucket);
  if (source === undefined || destination === null || target === undefined) return null;
  const reading = world.callAs?.(destination.roleArn, source.region, nowMillis) ?? null;
  const writing = world.callAs?.(destination.roleArn, target.region, nowMillis) ?? null;
  return reading === null || writing === null ? null : { source, target, destination, reading, writing };
}

interface Way {
  readonly source: BucketRow;
  readonly target: BucketRow;
  readonly destination: Destination;
  readonly reading: Call;
  readonly writing: Call;
}

/** "Setting up permissions for live replication": the version keeps its id, its instant and its lock. */
function copy(world: S3World, row: VersionRow, { source, target, destination, reading, writing }: Way): void {
  const number = world.nextNumber++;
  const common = { ...row, number, bucket: target.name, replication: 'REPLICA' as const };
  if (row.marker) {
    authorize(world, writing, 's3:ReplicateDelete', target, row.key);
    putVersion(world, common, null);
    return;
  }
  authorize(world, reading, 's3:GetObjectVersionForReplication', source, row.key);
  assertReadable(world, reading, row);
  authorize(world, writing, 's3:ReplicateObject', target, row.key);
  const standing = defaultOf(target);
  const bucketKey = standing.bucketKey;
  const wish =
    row.encryption.algorithm === 'aws:kms' && destination.keyArn !== null
      ? { algorithm: 'aws:kms' as const, keyId: destination.keyArn, bucketKey }
      : { algorithm: 'AES256' as const, keyId: null, bucketKey: false };
  const encryption = encrypt(world, writing, target.name, row.key, wish);
  const own = { mode: row.mode, retainUntilMillis: row.retainUntilMillis, legalHold: row.legalHold };
  const lock = row.mode === null ? lockOf(target, {}, writing.nowMillis) : own;
  putVersion(world, { ...common, encryption, ...lock }, bytesOf(world, row));
}

/** A version that went away in between stays away. */
function finish(world: S3World, row: VersionRow, replication: VersionRow['replication']): void {
  if (world.versions.get(versionRowId(row)) !== undefined) putVersion(world, { ...row, replication }, null);
}
