import type { JsonObject } from '../../base/canonical-json.js';
import { instantFromMillis } from '../../base/time.js';
import { uriEncode } from '../wire/sigv4.js';
import { authorize, contextOf, type Operations, openBucket, optionalTextOf, textOf } from './access.js';
import { ownerId } from './buckets.js';
import { invalidArgument } from './errors.js';
import { currentOf } from './find.js';
import { type S3World, type VersionRow, versionsOf } from './state.js';

const MOST = 1000;
const CONTEXT = { Prefix: 's3:prefix', Delimiter: 's3:delimiter', MaxKeys: 's3:max-keys' };

interface Page {
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
  readonly encode: (text: string) => string;
}

export const listingOperations: Operations = (world) => ({
  ListObjects(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:ListBucket', bucket, null, contextOf(input, CONTEXT));
    return listAsFirst(world, bucket.name, input);
  },

  ListObjectsV2(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:ListBucket', bucket, null, contextOf(input, CONTEXT));
    return listObjects(world, bucket.name, input);
  },

  ListObjectVersions(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:ListBucketVersions', bucket, null, contextOf(input, CONTEXT));
    return listVersions(world, bucket.name, input);
  },
});

function pageOf(input: JsonObject): Page {
  const most = optionalTextOf(input, 'MaxKeys') ?? String(MOST);
  if (!/^\d{1,9}$/.test(most))
    throw invalidArgument('Provided max-keys not an integer or within integer range', 'max-keys', most);
  const encoding = optionalTextOf(input, 'EncodingType');
  if (encoding !== null && encoding !== 'url')
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encoding);
  return {
    prefix: textOf(input, 'Prefix'),
    delimiter: textOf(input, 'Delimiter'),
    limit: Math.min(MOST, Number(most)),
    encode: encoding === null ? (text) => text : (text) => uriEncode(text).replaceAll('%2F', '/'),
  };
}

/** The common prefix that a key is rolled up into; null for none. */
function rolledUp(key: string, { prefix, delimiter }: Page): string | null {
  const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return at < 0 ? null : key.slice(0, at + delimiter.length);
}

function header(bucket: string, page: Page, truncated: boolean): JsonObject {
  return {
    Name: bucket,
    Prefix: page.encode(page.prefix),
    ...(page.delimiter !== '' && { Delimiter: page.encode(page.delimiter) }),
    MaxKeys: page.limit,
    IsTruncated: truncated,
    ...(page.encode('\n') !== '\n' && { EncodingType: 'url' }),
  };
}

function listObjects(world: S3World, bucket: string, input: JsonObject): JsonObject {
  const page = pageOf(input);
  const token = optionalTextOf(input, 'ContinuationToken');
  const after = token === null ? textOf(input, 'StartAfter') : keyIn(token);
  const { items, truncated, last } = collect(world, bucket, page, after);
  const start = optionalTextOf(input, 'StartAfter');
  return {
    ...header(bucket, page, truncated),
    KeyCount: items.length,
    ...(token !== null && { ContinuationToken: token }),
    ...(start !== null && { StartAfter: page.encode(start) }),
    ...(truncated && page.limit > 0 && { NextContinuationToken: tokenFor(last) }),
    Contents: contents(world, items, page, textOf(input, 'FetchOwner') === 'true'),
    CommonPrefixes: prefixes(items, page),
  };
}

/** The first version of the list (ListObjects), which older tools ask for, `aws cloudtrail validate-logs` among them. */
function listAsFirst(world: S3World, bucket: string, input: JsonObject): JsonObject {
  const page = pageOf(input);
  const marker = textOf(input, 'Marker');
  const { items, truncated, last } = collect(world, bucket, page, marker);
  const end = items.at(-1);
  return {
    ...header(bucket, page, truncated),
    Marker: page.encode(marker),
    // "This element is returned only if you have the delimiter request parameter specified."
    ...(truncated && page.delimiter !== '' && { NextMarker: page.encode(typeof end === 'string' ? end : last) }),
    Contents: contents(world, items, page, true),
    CommonPrefixes: prefixes(items, page),
  };
}

function collect(world: S3World, bucket: string, page: Page, after: string) {
  const items: (VersionRow | string)[] = [];
  let truncated = false;
  let last = '';
  for (const key of world.names.from(bucket, page.prefix, { key: after, inclusive: false })) {
    const row = currentOf(world, bucket, key);
    if (row === undefined || row.marker) continue;
    const common = rolledUp(key, page);
    if (common !== null && (items.at(-1) === common || after.startsWith(common))) {
      if (items.at(-1) === common) last = key;
      continue;
    }
    truncated = items.length >= page.limit;
    if (truncated) break;
    items.push(common ?? row);
    last = key;
  }
  return { items, truncated, last };
}

function contents(world: S3World, items: readonly (VersionRow | string)[], page: Page, withOwner: boolean) {
  return items
    .filter((item) => typeof item !== 'string')
    .map((row) => ({
      Key: page.encode(row.key),
      ...common(row),
      ...(withOwner && { Owner: { ID: ownerId(world) } }),
    }));
}

function prefixes(items: readonly (VersionRow | string)[], page: Page): readonly JsonObject[] {
  return items.filter((item) => typeof item === 'string').map((Prefix) => ({ Prefix: page.encode(Prefix) }));
}

function common(row: VersionRow): JsonObject {
  return {
    LastModified: instantFromMillis(row.modifiedMillis),
    ETag: row.etag,
    ChecksumAlgorithm: Object.keys(row.checksums).map((name) => name.slice('Checksum'.length)),
    ChecksumType: 'FULL_OBJECT',
    Size: row.size,
    StorageClass: 'STANDARD',
  };
}

function tokenFor(key: string): string {
  return Buffer.from(`1${key}`, 'utf8').toString('base64');
}

function keyIn(token: string): string {
  const text = Buffer.from(token, 'base64').toString('utf8');
  if (text.startsWith('1') && tokenFor(text.slice(1)) === token) return text.slice(1);
  throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token);
}

function listVersions(world: S3World, bucket: string, input: JsonObject): JsonObject {
  const page = pageOf(input);
  const [keyMarker, versionMarker] = [textOf(input, 'KeyMarker'), optionalTextOf(input, 'VersionIdMarker')];
  if (versionMarker !== null && keyMarker === '') {
    throw invalidArgument(
      'A version-id marker cannot be specified without a key marker.',
      'version-id-marker',
      versionMarker,
    );
  }
  const items: (VersionRow | string)[] = [];
  let truncated = false;
  const start = { key: keyMarker, inclusive: versionMarker !== null };
  for (const row of rowsFrom(world, bucket, page.prefix, start, versionMarker)) {
    const rolled = rolledUp(row.key, page);
    if (rolled !== null && (items.at(-1) === rolled || (keyMarker !== '' && keyMarker.startsWith(rolled)))) continue;
    truncated = items.length >= page.limit;
    if (truncated) break;
    items.push(rolled ?? row);
  }
  return {
    ...header(bucket, page, truncated),
    KeyMarker: page.encode(keyMarker),
    VersionIdMarker: versionMarker ?? '',
    ...(truncated && nextMarkers(items.at(-1), page)),
    ...versionElements(world, items, page),
    CommonPrefixes: prefixes(items, page),
  };
}

/** Versions of each key newest first, from where a page ended. */
function* rowsFrom(
  world: S3World,
  bucket: string,
  prefix: string,
  start: { readonly key: string; readonly inclusive: boolean },
  versionMarker: string | null,
): IterableIterator<VersionRow> {
  for (const key of world.names.from(bucket, prefix, start)) {
    const rows = [...versionsOf(world, bucket, key)].reverse();
    const seen = key === start.key ? rows.findIndex(({ versionId }) => versionId === versionMarker) + 1 : 0;
    yield* rows.slice(seen);
  }
}

function nextMarkers(last: VersionRow | string | undefined, page: Page): JsonObject {
  if (last === undefined) return {};
  if (typeof last === 'string') return { NextKeyMarker: page.encode(last) };
  return { NextKeyMarker: page.encode(last.key), NextVersionIdMarker: last.versionId };
}

function versionElements(world: S3World, items: readonly (VersionRow | string)[], page: Page): JsonObject {
  const rows = items.filter((item) => typeof item !== 'string');
  const shown = (row: VersionRow): JsonObject => ({
    Key: page.encode(row.key),
    VersionId: row.versionId,
    IsLatest: currentOf(world, row.bucket, row.key) === row,
    Owner: { ID: ownerId(world) },
  });
  return {
    Version: rows.filter((row) => !row.marker).map((row) => ({ ...shown(row), ...common(row) })),
    DeleteMarker: rows
      .filter((row) => row.marker)
      .map((row) => ({ ...shown(row), LastModified: instantFromMillis(row.modifiedMillis) })),
  };
}
