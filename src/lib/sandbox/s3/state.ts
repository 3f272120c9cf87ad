import type { JsonObject } from '../../base/canonical-json.js';
import { Table } from '../kms/table.js';
import type { Call, StateStore } from '../service.js';
import { type Names, sortedNames } from './names.js';

/** A bucket. Table `s3.buckets`, id is its name: unique, as if the partition had this account alone. */
export type BucketRow = {
  readonly name: string;
  readonly region: string;
  readonly createdMillis: number;
  readonly versioning: 'Enabled' | 'Suspended' | null;
  readonly lockEnabled: boolean;
  /** JSON text. */
  readonly policy: string | null;
  /** What was put as XML, in its own names; null: AWS's default, or none. */
  readonly lockRule: JsonObject | null;
  readonly encryption: JsonObject | null;
  readonly publicAccess: JsonObject | null;
  readonly ownership: JsonObject | null;
  readonly lifecycle: JsonObject | null;
  readonly lifecycleMinimum: string;
  readonly replication: JsonObject | null;
};

/** How the bytes of a version are encrypted. */
export type ObjectEncryption = {
  readonly algorithm: 'AES256' | 'aws:kms';
  readonly keyArn: string | null;
  /** Base64: the data key under the KMS key; whoever reads must be able to open it. */
  readonly dataKey: string | null;
  readonly bucketKey: boolean;
};

/** One version of an object, or a delete marker. Table `s3.versions`, id is `number` as text of 15 digits. */
export type VersionRow = {
  readonly number: number;
  readonly bucket: string;
  readonly key: string;
  /** `null` as text where the bucket kept no versions. */
  readonly versionId: string;
  readonly marker: boolean;
  readonly modifiedMillis: number;
  readonly size: number;
  readonly etag: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly checksums: Readonly<Record<string, string>>;
  readonly encryption: ObjectEncryption;
  readonly mode: 'COMPLIANCE' | 'GOVERNANCE' | null;
  readonly retainUntilMillis: number | null;
  readonly legalHold: 'ON' | 'OFF' | null;
  readonly replication: 'PENDING' | 'COMPLETED' | 'FAILED' | 'REPLICA' | null;
};

/** The bytes of a version, base64. Table `s3.bytes`, id as its version's. */
export type BytesRow = { readonly bytes: string };

export interface S3Options {
  readonly store: StateStore;
  readonly account: string;
  readonly partition?: string;
  readonly regions: readonly string[];
  readonly random: (bytes: number) => Buffer;
  readonly principalExists: (arn: string) => boolean;
  /** A call that S3 makes itself in the role that it was given; null where it may not enter the role. */
  readonly callAs?: (roleArn: string, region: string, nowMillis: number) => Call | null;
}

export interface S3World extends Omit<S3Options, 'store'> {
  readonly partition: string;
  readonly buckets: Table<BucketRow>;
  readonly versions: Table<VersionRow>;
  readonly bytes: Table<BytesRow>;
  readonly names: Names;
  /** How many bytes all versions have together. */
  stored: number;
  nextNumber: number;
}

/** All the objects of a sandbox lie in its memory and its journal. */
export const MOST_STORED_BYTES = 128 * 1024 * 1024;

/** Reads the state that the store holds. */
export function openS3World({ store, ...options }: S3Options): S3World {
  const versions = new Table<VersionRow>(store, 's3.versions', (row) => groupOf(row.bucket, row.key));
  const rows = versions.values();
  const names = sortedNames();
  for (const { bucket, key } of rows) names.add(bucket, key);
  return {
    ...options,
    partition: options.partition ?? 'aws',
    buckets: new Table(store, 's3.buckets'),
    versions,
    bytes: new Table(store, 's3.bytes'),
    names,
    stored: rows.reduce((sum, row) => sum + row.size, 0),
    nextNumber: rows.reduce((most, row) => Math.max(most, row.number), 0) + 1,
  };
}

function groupOf(bucket: string, key: string): string {
  return `${bucket}/${key}`;
}

export function versionRowId({ number }: Pick<VersionRow, 'number'>): string {
  return String(number).padStart(15, '0');
}

/** The versions of a key, oldest first, markers among them. */
export function versionsOf(world: S3World, bucket: string, key: string): readonly VersionRow[] {
  return world.versions.group(groupOf(bucket, key));
}

/** Keeps a version, or what became of it; with its bytes where it is new. */
export function putVersion(world: S3World, row: VersionRow, bytes: Uint8Array | null): VersionRow {
  const id = versionRowId(row);
  if (bytes !== null) world.bytes.put(id, { bytes: Buffer.from(bytes).toString('base64') });
  if (world.versions.get(id) === undefined) world.stored += row.size;
  world.names.add(row.bucket, row.key);
  return world.versions.put(id, row);
}

/** Forgets a version and its bytes. */
export function removeVersion(world: S3World, row: VersionRow): void {
  const id = versionRowId(row);
  world.versions.remove(id);
  world.bytes.remove(id);
  world.stored -= row.size;
  if (versionsOf(world, row.bucket, row.key).length === 0) world.names.remove(row.bucket, row.key);
}

export function bytesOf(world: S3World, row: VersionRow): Buffer {
  return Buffer.from(world.bytes.get(versionRowId(row))?.bytes ?? '', 'base64');
}

export function bucketArn(world: S3World, bucket: string): string {
  return `arn:${world.partition}:s3:::${bucket}`;
}

export function objectArn(world: S3World, bucket: string, key: string): string {
  return `${bucketArn(world, bucket)}/${key}`;
}
