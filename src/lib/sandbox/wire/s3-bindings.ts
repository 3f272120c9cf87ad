import type { XmlRoot } from './s3-shapes.js';

/** How one operation of S3 stands on the wire (Amazon S3 API Reference). */
export interface Binding {
  readonly operation: string;
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD';
  readonly level: 'service' | 'bucket' | 'object';
  /** The query parameter that tells it from others of its method: `versioning`, `list-type=2`. */
  readonly by?: string;
  /** Query parameter → member. */
  readonly query?: Readonly<Record<string, string>>;
  /** Request header → member. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: XmlRoot | 'bytes' | 'json';
  /** Of an answer without content. */
  readonly status?: 204;
  /** The root of the XML that answers it. */
  readonly root?: string;
}

export const CHECKSUMS: Readonly<Record<string, string>> = {
  'x-amz-checksum-crc32': 'ChecksumCRC32',
  'x-amz-checksum-crc32c': 'ChecksumCRC32C',
  'x-amz-checksum-crc64nvme': 'ChecksumCRC64NVME',
  'x-amz-checksum-sha1': 'ChecksumSHA1',
  'x-amz-checksum-sha256': 'ChecksumSHA256',
};
const LOCK: Readonly<Record<string, string>> = {
  'x-amz-object-lock-mode': 'ObjectLockMode',
  'x-amz-object-lock-retain-until-date': 'ObjectLockRetainUntilDate',
  'x-amz-object-lock-legal-hold': 'ObjectLockLegalHoldStatus',
};
const ENCRYPTION: Readonly<Record<string, string>> = {
  'x-amz-server-side-encryption': 'ServerSideEncryption',
  'x-amz-server-side-encryption-aws-kms-key-id': 'SSEKMSKeyId',
  'x-amz-server-side-encryption-bucket-key-enabled': 'BucketKeyEnabled',
};
/** Headers that any request with a body may have. */
const BODY: Readonly<Record<string, string>> = { 'content-md5': 'ContentMD5', ...CHECKSUMS };
const BYPASS: Readonly<Record<string, string>> = { 'x-amz-bypass-governance-retention': 'BypassGovernanceRetention' };
const VERSION: Readonly<Record<string, string>> = { versionId: 'VersionId' };

/** Members of answers that are headers. */
export const ANSWER_HEADERS: Readonly<Record<string, string>> = {
  VersionId: 'x-amz-version-id',
  DeleteMarker: 'x-amz-delete-marker',
  ETag: 'etag',
  ContentType: 'content-type',
  ContentLength: 'content-length',
  LastModified: 'last-modified',
  AcceptRanges: 'accept-ranges',
  ReplicationStatus: 'x-amz-replication-status',
  BucketRegion: 'x-amz-bucket-region',
  Location: 'location',
  ChecksumType: 'x-amz-checksum-type',
  ...Object.fromEntries(
    Object.entries({ ...CHECKSUMS, ...LOCK, ...ENCRYPTION }).map(([header, member]) => [member, header]),
  ),
};

const put = (operation: string, by: string, body: XmlRoot | 'json', more: Partial<Binding> = {}): Binding => ({
  operation,
  method: 'PUT',
  level: 'bucket',
  by,
  body,
  headers: BODY,
  ...more,
});
const get = (operation: string, by: string, root: string, more: Partial<Binding> = {}): Binding => ({
  operation,
  method: 'GET',
  level: 'bucket',
  by,
  root,
  ...more,
});
const remove = (operation: string, by: string): Binding => ({
  operation,
  method: 'DELETE',
  level: 'bucket',
  by,
  status: 204,
});

/** THE table of operations that the sandbox's S3 has; whatever is not here is answered NotImplemented. */
export const BINDINGS: readonly Binding[] = [
  { operation: 'ListBuckets', method: 'GET', level: 'service', root: 'ListAllMyBucketsResult' },
  {
    operation: 'CreateBucket',
    method: 'PUT',
    level: 'bucket',
    body: 'CreateBucketConfiguration',
    headers: {
      ...BODY,
      'x-amz-bucket-object-lock-enabled': 'ObjectLockEnabledForBucket',
      'x-amz-object-ownership': 'ObjectOwnership',
    },
  },
  { operation: 'DeleteBucket', method: 'DELETE', level: 'bucket', status: 204 },
  { operation: 'HeadBucket', method: 'HEAD', level: 'bucket' },
  get('GetBucketLocation', 'location', 'LocationConstraint'),
  put('PutBucketVersioning', 'versioning', 'VersioningConfiguration'),
  get('GetBucketVersioning', 'versioning', 'VersioningConfiguration'),
  put('PutObjectLockConfiguration', 'object-lock', 'ObjectLockConfiguration'),
  get('GetObjectLockConfiguration', 'object-lock', 'ObjectLockConfiguration'),
  put('PutBucketEncryption', 'encryption', 'ServerSideEncryptionConfiguration'),
  get('GetBucketEncryption', 'encryption', 'ServerSideEncryptionConfiguration'),
  put('PutBucketPolicy', 'policy', 'json', { status: 204 }),
  { operation: 'GetBucketPolicy', method: 'GET', level: 'bucket', by: 'policy' },
  remove('DeleteBucketPolicy', 'policy'),
  put('PutPublicAccessBlock', 'publicAccessBlock', 'PublicAccessBlockConfiguration'),
  get('GetPublicAccessBlock', 'publicAccessBlock', 'PublicAccessBlockConfiguration'),
  put('PutBucketLifecycleConfiguration', 'lifecycle', 'LifecycleConfiguration', {
    headers: {
      ...BODY,
      'x-amz-transition-default-minimum-object-size': 'TransitionDefaultMinimumObjectSize',
    },
  }),
  get('GetBucketLifecycleConfiguration', 'lifecycle', 'LifecycleConfiguration'),
  remove('DeleteBucketLifecycle', 'lifecycle'),
  put('PutBucketReplication', 'replication', 'ReplicationConfiguration'),
  get('GetBucketReplication', 'replication', 'ReplicationConfiguration'),
  remove('DeleteBucketReplication', 'replication'),
  put('PutBucketOwnershipControls', 'ownershipControls', 'OwnershipControls'),
  get('GetBucketOwnershipControls', 'ownershipControls', 'OwnershipControls'),
  get('ListObjectsV2', 'list-type=2', 'ListBucketResult', {
    query: {
      'continuation-token': 'ContinuationToken',
      delimiter: 'Delimiter',
      'encoding-type': 'EncodingType',
      'fetch-owner': 'FetchOwner',
      'max-keys': 'MaxKeys',
      prefix: 'Prefix',
      'start-after': 'StartAfter',
    },
  }),
  {
    operation: 'ListObjects',
    method: 'GET',
    level: 'bucket',
    root: 'ListBucketResult',
    query: {
      delimiter: 'Delimiter',
      'encoding-type': 'EncodingType',
      marker: 'Marker',
      'max-keys': 'MaxKeys',
      prefix: 'Prefix',
    },
  },
  get('ListObjectVersions', 'versions', 'ListVersionsResult', {
    query: {
      delimiter: 'Delimiter',
      'encoding-type': 'EncodingType',
      'key-marker': 'KeyMarker',
      'max-keys': 'MaxKeys',
      prefix: 'Prefix',
      'version-id-marker': 'VersionIdMarker',
    },
  }),
  {
    operation: 'DeleteObjects',
    method: 'POST',
    level: 'bucket',
    by: 'delete',
    body: 'Delete',
    headers: { ...BODY, ...BYPASS },
    root: 'DeleteResult',
  },
  {
    operation: 'PutObject',
    method: 'PUT',
    level: 'object',
    body: 'bytes',
    headers: {
      ...BODY,
      ...LOCK,
      ...ENCRYPTION,
      'content-type': 'ContentType',
      'if-match': 'IfMatch',
      'if-none-match': 'IfNoneMatch',
      'x-amz-storage-class': 'StorageClass',
    },
  },
  {
    operation: 'GetObject',
    method: 'GET',
    level: 'object',
    query: VERSION,
    headers: { 'x-amz-checksum-mode': 'ChecksumMode' },
  },
  {
    operation: 'HeadObject',
    method: 'HEAD',
    level: 'object',
    query: VERSION,
    headers: { 'x-amz-checksum-mode': 'ChecksumMode' },
  },
  { operation: 'DeleteObject', method: 'DELETE', level: 'object', query: VERSION, headers: BYPASS, status: 204 },
  put('PutObjectRetention', 'retention', 'Retention', {
    level: 'object',
    query: VERSION,
    headers: { ...BODY, ...BYPASS },
  }),
  get('GetObjectRetention', 'retention', 'Retention', { level: 'object', query: VERSION }),
  put('PutObjectLegalHold', 'legal-hold', 'LegalHold', { level: 'object', query: VERSION }),
  get('GetObjectLegalHold', 'legal-hold', 'LegalHold', { level: 'object', query: VERSION }),
];
