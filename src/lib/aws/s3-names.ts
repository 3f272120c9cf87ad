import type { DeleteMarkerEntry, ObjectVersion } from '@aws-sdk/client-s3';
import { CustodyError } from '../base/errors.js';
import { type Instant, instantFromDate } from '../base/time.js';
import type { S3Link } from './connection.js';
import { PageTrail, unreadable } from './pages.js';

/** Where objects lie. */
export interface S3Folder {
  readonly bucket: string;
  /** With `/` at its end, or empty. */
  readonly prefix: string;
  /** The account whose bucket it must be: another's of the same name is refused. */
  readonly owner: string;
}

/** What S3 keeps under one key. */
export interface S3Name {
  readonly name: string;
  readonly versions: number;
  readonly deleteMarkers: number;
  /** The first version of all; null where only markers are left. */
  readonly first: { readonly versionId: string; readonly at: Instant | null } | null;
}

/**
 * Everything under `prefix` after `after`, by ListObjectVersions: what a delete marker hides is listed too (T40).
 * @throws CustodyError DENIED for a role without s3:ListBucketVersions
 */
export async function* listVersions(
  link: S3Link,
  folder: S3Folder,
  prefix: string,
  after: string,
): AsyncGenerator<S3Name> {
  let marker: Marker | null = after === '' ? null : { KeyMarker: folder.prefix + after };
  let open: S3Name | null = null;
  const trail = new PageTrail('ListObjectVersions');
  do {
    const page = await versionsPage(link, folder, prefix, marker, trail);
    for (const found of page.names) {
      // The versions of one key may be spread over pages, newest first.
      if (open !== null && open.name === found.name) open = joined(open, found);
      else {
        // Two halves of one name's versions apart would be two names.
        if (open !== null && byBytes(found, open) < 0) throw unreadable('ListObjectVersions');
        if (open !== null && open.name > after) yield open;
        open = found;
      }
    }
    marker = page.next;
  } while (marker !== null);
  if (open !== null && open.name > after) yield open;
}

interface Marker {
  readonly KeyMarker: string;
  readonly VersionIdMarker?: string;
}

/** "In UTF-8 binary order" (ListObjectVersions). */
function byBytes(left: S3Name, right: S3Name): number {
  return Buffer.compare(Buffer.from(left.name), Buffer.from(right.name));
}

async function versionsPage(link: S3Link, folder: S3Folder, prefix: string, marker: Marker | null, trail: PageTrail) {
  const { output } = await link.read('ListObjectVersions', (sdk, client) =>
    client.send(
      new sdk.ListObjectVersionsCommand({
        Bucket: folder.bucket,
        Prefix: folder.prefix + prefix,
        ExpectedBucketOwner: folder.owner,
        ...marker,
      }),
    ),
  );
  const { Versions = [], DeleteMarkers = [], IsTruncated, NextKeyMarker, NextVersionIdMarker } = output;
  const names = namesOf(folder, Versions, DeleteMarkers);
  if (!IsTruncated) return { names, next: null };
  const version = NextVersionIdMarker ? { VersionIdMarker: NextVersionIdMarker } : {};
  return { names, next: { KeyMarker: trail.next(NextKeyMarker, NextVersionIdMarker), ...version } };
}

/** S3 answers with two lists, each in the order of keys and, below a key, newest first. */
function namesOf(
  folder: S3Folder,
  versions: readonly ObjectVersion[],
  markers: readonly DeleteMarkerEntry[],
): readonly S3Name[] {
  const found = new Map<string, S3Name>();
  const add = (Key: string | undefined, one: Omit<S3Name, 'name'>) => {
    if (!Key?.startsWith(folder.prefix)) throw unreadable('ListObjectVersions');
    const name = Key.slice(folder.prefix.length);
    const before = found.get(name);
    found.set(name, before === undefined ? { name, ...one } : joined(before, { name, ...one }));
  };
  for (const { Key, VersionId, LastModified } of versions) {
    if (!VersionId) throw unreadable('ListObjectVersions');
    const at = LastModified === undefined ? null : instantFromDate(LastModified);
    add(Key, { versions: 1, deleteMarkers: 0, first: { versionId: VersionId, at } });
  }
  for (const { Key } of markers) add(Key, { versions: 0, deleteMarkers: 1, first: null });
  return [...found.values()].sort(byBytes);
}

/** @param older what the list tells after `newer` */
function joined(newer: S3Name, older: S3Name): S3Name {
  return {
    name: newer.name,
    versions: newer.versions + older.versions,
    deleteMarkers: newer.deleteMarkers + older.deleteMarkers,
    first: older.first ?? newer.first,
  };
}

/** Names as they are seen without versions: what a delete marker hides is missing. @throws CustodyError DENIED */
export async function* listLatest(
  link: S3Link,
  folder: S3Folder,
  prefix: string,
  after: string,
): AsyncGenerator<string> {
  let token: string | undefined;
  const trail = new PageTrail('ListObjectsV2');
  do {
    const { output } = await link.read('ListObjectsV2', (sdk, client) =>
      client.send(
        new sdk.ListObjectsV2Command({
          Bucket: folder.bucket,
          Prefix: folder.prefix + prefix,
          ExpectedBucketOwner: folder.owner,
          ...(after === '' ? {} : { StartAfter: folder.prefix + after }),
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      ),
    );
    for (const { Key } of output.Contents ?? []) {
      if (!Key?.startsWith(folder.prefix)) throw unreadable('ListObjectsV2');
      const name = Key.slice(folder.prefix.length);
      if (name > after) yield name;
    }
    token = output.IsTruncated ? trail.next(output.NextContinuationToken) : undefined;
  } while (token !== undefined);
}

/** Until when a version is held in COMPLIANCE mode; null for none, and for GOVERNANCE, which a permission bypasses. */
export async function heldUntil(
  link: S3Link,
  folder: S3Folder,
  name: string,
  versionId: string,
): Promise<Instant | null> {
  try {
    const { output } = await link.read('GetObjectRetention', (sdk, client) =>
      client.send(
        new sdk.GetObjectRetentionCommand({
          Bucket: folder.bucket,
          Key: folder.prefix + name,
          VersionId: versionId,
          ExpectedBucketOwner: folder.owner,
        }),
      ),
    );
    const { Mode, RetainUntilDate } = output.Retention ?? {};
    return Mode === 'COMPLIANCE' && RetainUntilDate ? instantFromDate(RetainUntilDate) : null;
  } catch (cause) {
    if (hasNoLock(cause)) return null;
    throw cause;
  }
}

/** InvalidRequest: the bucket has no Object Lock at all. */
function hasNoLock(cause: unknown): boolean {
  if (!(cause instanceof CustodyError)) return false;
  const said = cause.details?.awsCode;
  return said === 'NoSuchObjectLockConfiguration' || said === 'InvalidRequest';
}
