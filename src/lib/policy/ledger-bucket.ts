import { formatCanonical, type JsonObject } from '../base/canonical-json.js';

/** Whose bucket policy it is. */
export interface LedgerBucketPolicy {
  readonly partition: string;
  readonly bucket: string;
  /** With `/` at its end. */
  readonly prefix: string;
  /** The key of entries. */
  readonly keyArn: string;
  readonly retentionDays: number;
  /** Empty for the copy in another Region: nobody writes there but S3's replication. */
  readonly writerRoleArns: readonly string[];
  readonly readerRoleArns: readonly string[];
  /** S3 replicates in this role. */
  readonly replicationRoleArn: string | null;
}

/** What of a ledger holds digests alone: slots, signed tree heads, tiles of hashes (of a level of one digit; `tile/entries/` holds entries). */
const DIGESTS = ['slots/*', 'checkpoints/*', 'tile/?/*'];
/** A day on either side: clocks differ, and AWS does not say how it rounds what is left of a retention. */
const SLACK_DAYS = 1;

const DELETIONS = ['s3:BypassGovernanceRetention', 's3:DeleteObject', 's3:DeleteObjectVersion', 's3:ReplicateDelete'];
/** All that may be asked of objects. What S3 learns later is none of it: as `s3:UpdateObjectEncryption`, it could end what is kept. */
const OF_OBJECTS = [
  's3:AbortMultipartUpload',
  's3:GetObject*',
  's3:ListMultipartUploadParts',
  's3:PutObject',
  's3:PutObjectRetention',
  's3:RestoreObject',
];
const READ_SETTINGS = [
  's3:GetBucketLocation',
  's3:GetBucketObjectLockConfiguration',
  's3:GetBucketOwnershipControls',
  's3:GetBucketPolicy',
  's3:GetBucketPublicAccessBlock',
  's3:GetBucketVersioning',
  's3:GetEncryptionConfiguration',
  's3:GetLifecycleConfiguration',
  's3:GetReplicationConfiguration',
];

/**
 * The policy of a ledger's bucket, canonical JSON. Writers create and never overwrite; they read digests, no entry; entries lie
 * under the plan's key alone; nobody deletes, shortens or reconfigures. S3 lets the account's root user replace this policy whatever
 * it says ("PutBucketPolicy"), and nobody else.
 */
export function ledgerBucketPolicy(wish: LedgerBucketPolicy): string {
  const statements = [
    ...allows(wish),
    ...denials(wish),
    ...(wish.writerRoleArns.length > 0 ? writeDenials(wish) : [onlyCopies(wish)]),
  ];
  return formatCanonical({ Id: 'custody-audit-ledger', Statement: statements, Version: '2012-10-17' });
}

interface Arns {
  readonly bucket: string;
  readonly all: string;
  readonly ledger: string;
  readonly digests: readonly string[];
}

function arnsOf({ partition, bucket, prefix }: LedgerBucketPolicy): Arns {
  const arn = `arn:${partition}:s3:::${bucket}`;
  return {
    bucket: arn,
    all: `${arn}/*`,
    ledger: `${arn}/${prefix}*`,
    digests: DIGESTS.map((name) => `${arn}/${prefix}${name}`),
  };
}

function allows(wish: LedgerBucketPolicy): readonly JsonObject[] {
  const { bucket, ledger, digests } = arnsOf(wish);
  const { writerRoleArns: writers, readerRoleArns: readers, prefix } = wish;
  const inLedger = { StringLike: { 's3:prefix': `${prefix}*` } };
  const list = ['s3:ListBucket', 's3:ListBucketVersions'];
  const read = ['s3:GetObject', 's3:GetObjectVersion'];
  const toWriters: readonly JsonObject[] = [
    allow('WritersCreate', writers, ['s3:PutObject', 's3:PutObjectRetention'], [ledger]),
    allow('WritersReadDigests', writers, read, digests),
    { ...allow('WritersFindNames', writers, list, [bucket]), Condition: inLedger },
  ];
  return [
    ...(writers.length > 0 ? toWriters : []),
    allow('ReadersRead', readers, [...read, 's3:GetObjectLegalHold', 's3:GetObjectRetention'], [ledger]),
    { ...allow('ReadersFindNames', readers, list, [bucket]), Condition: inLedger },
    allow('ReadersCheckSettings', readers, READ_SETTINGS, [bucket]),
  ];
}

function denials(wish: LedgerBucketPolicy): readonly JsonObject[] {
  const { bucket, all } = arnsOf(wish);
  const { writerRoleArns: writers, readerRoleArns: readers, replicationRoleArn } = wish;
  // Copies of another bucket would take the names of slots without the condition of a write: they go into the copy alone.
  const replicating = writers.length > 0 ? 's3:InitiateReplication' : 's3:ReplicateObject';
  const known = [...writers, ...readers, ...(replicationRoleArn === null ? [] : [replicationRoleArn])];
  return [
    { ...deny('TlsOnly', ['s3:*'], [bucket, all]), Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
    { ...deny('NoAccessPoints', ['s3:*'], [bucket, all]), Condition: { Null: { 's3:DataAccessPointArn': 'false' } } },
    deny('NobodyDeletes', DELETIONS, [all]),
    denyOthers('NobodyReconfigures', ['s3:Get*', 's3:List*'], bucket),
    denyOthers('NothingElseToObjects', [...OF_OBJECTS, ...DELETIONS, replicating].sort(), all),
    {
      ...deny('ReadersAndWritersOnly', ['s3:GetObject', 's3:GetObjectVersion'], [all]),
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': known } },
    },
  ];
}

function writeDenials(wish: LedgerBucketPolicy): readonly JsonObject[] {
  const { all, ledger, digests } = arnsOf(wish);
  const { writerRoleArns: writers, keyArn } = wish;
  const notWriters = { ArnNotEquals: { 'aws:PrincipalArn': writers } };
  const algorithm = 's3:x-amz-server-side-encryption';
  return [
    { ...deny('WritersOnly', ['s3:PutObject', 's3:PutObjectRetention'], [all]), Condition: notWriters },
    { ...denyOutside('InTheLedgerOnly', ['s3:PutObject'], [ledger]) },
    { ...deny('NeverOverwritten', ['s3:PutObject'], [all]), Condition: { Null: { 's3:if-none-match': 'true' } } },
    {
      ...denyOutside('WritersReadNoEntry', ['s3:GetObject', 's3:GetObjectVersion'], digests),
      Condition: { ArnEquals: { 'aws:PrincipalArn': writers } },
    },
    {
      ...denyOutside('EntriesUnderTheKey', ['s3:PutObject'], digests),
      Condition: { StringNotEquals: { [`${algorithm}-aws-kms-key-id`]: keyArn } },
    },
    {
      ...denyOutside('EntriesUnderKms', ['s3:PutObject'], digests),
      Condition: { StringNotEquals: { [algorithm]: 'aws:kms' } },
    },
    {
      ...deny('DigestsUnderS3Keys', ['s3:PutObject'], digests),
      // Only where it is said: what says nothing gets the bucket's own, which is that.
      Condition: { StringNotEquals: { [algorithm]: 'AES256' }, Null: { [algorithm]: 'false' } },
    },
    ...retentionDenials(wish, all),
  ];
}

/** A writer may say the retention that the plan says, and no other. A request that says none gets the bucket's own. */
function retentionDenials({ retentionDays }: LedgerBucketPolicy, all: string): readonly JsonObject[] {
  const days = 's3:object-lock-remaining-retention-days';
  const retain = (sid: string, Condition: JsonObject): JsonObject => ({
    ...deny(sid, ['s3:PutObjectRetention'], [all]),
    Condition,
  });
  return [
    retain('RetentionInComplianceMode', { StringNotEquals: { 's3:object-lock-mode': 'COMPLIANCE' } }),
    retain('RetentionNotShorter', { NumericLessThan: { [days]: String(retentionDays - SLACK_DAYS) } }),
    retain('RetentionNotLonger', { NumericGreaterThan: { [days]: String(retentionDays + SLACK_DAYS) } }),
  ];
}

function onlyCopies(wish: LedgerBucketPolicy): JsonObject {
  return deny('ReplicationWritesAlone', ['s3:PutObject', 's3:PutObjectRetention'], [arnsOf(wish).all]);
}

function allow(
  Sid: string,
  roles: readonly string[],
  Action: readonly string[],
  Resource: readonly string[],
): JsonObject {
  return { Sid, Effect: 'Allow', Principal: { AWS: [...roles].sort() }, Action, Resource };
}

function deny(Sid: string, Action: readonly string[], Resource: readonly string[]): JsonObject {
  return { Sid, Effect: 'Deny', Principal: '*', Action, Resource };
}

function denyOthers(Sid: string, NotAction: readonly string[], Resource: string): JsonObject {
  return { Sid, Effect: 'Deny', Principal: '*', NotAction, Resource };
}

function denyOutside(Sid: string, Action: readonly string[], NotResource: readonly string[]): JsonObject {
  return { Sid, Effect: 'Deny', Principal: '*', Action, NotResource };
}

/** What S3 must be allowed to replicate ("Setting up permissions for live replication"), canonical JSON. */
export function replicationRolePolicy(wish: {
  readonly partition: string;
  readonly bucket: string;
  readonly replica: string;
  readonly keyArn: string;
  readonly replicaKeyArn: string;
}): string {
  const { partition, bucket, replica, keyArn, replicaKeyArn } = wish;
  const arn = (name: string): string => `arn:${partition}:s3:::${name}`;
  const permit = (Sid: string, Action: readonly string[], Resource: string): JsonObject => ({
    Sid,
    Effect: 'Allow',
    Action,
    Resource,
  });
  return formatCanonical({
    Statement: [
      permit('SeeSource', ['s3:GetReplicationConfiguration', 's3:ListBucket'], arn(bucket)),
      permit(
        'ReadVersions',
        ['s3:GetObjectLegalHold', 's3:GetObjectRetention', 's3:GetObjectVersionForReplication'],
        `${arn(bucket)}/*`,
      ),
      permit('WriteCopies', ['s3:ReplicateObject'], `${arn(replica)}/*`),
      permit('OpenEntries', ['kms:Decrypt'], keyArn),
      permit('SealCopies', ['kms:Encrypt', 'kms:GenerateDataKey'], replicaKeyArn),
    ],
    Version: '2012-10-17',
  });
}
