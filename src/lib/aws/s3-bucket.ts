import type {
  GetBucketReplicationCommandOutput,
  LifecycleRule as SdkLifecycleRule,
  ReplicationRule as SdkReplicationRule,
} from '@aws-sdk/client-s3';
import type { BucketSettings, LedgerBuckets, LifecycleRule, Replication, ReplicationRule } from '../ledger/bucket.js';
import type { AwsConnection, S3Link } from './connection.js';

type Sdk = typeof import('@aws-sdk/client-s3');
type Client = import('@aws-sdk/client-s3').S3Client;

/** The settings of buckets in S3. Reading them changes nothing; each change is sent once. */
export function createLedgerBuckets(aws: AwsConnection): LedgerBuckets {
  const owner = { ExpectedBucketOwner: aws.account };
  const change = async <Output extends { $metadata: object }>(
    region: string,
    operation: string,
    send: (sdk: Sdk, client: Client) => Promise<Output>,
  ): Promise<void> => {
    await aws.s3(region, 'ledger.provision').once(operation, send);
  };
  return {
    read: (region, bucket) => read(aws.s3(region, 'ledger.read'), { Bucket: bucket, ...owner }),
    create: (region, Bucket) =>
      change(region, 'CreateBucket', (sdk, client) =>
        client.send(
          new sdk.CreateBucketCommand({
            Bucket,
            ObjectLockEnabledForBucket: true,
            ObjectOwnership: 'BucketOwnerEnforced',
            ...locationOf(sdk, region),
          }),
        ),
      ),
    putLock: (region, Bucket, Days) =>
      change(region, 'PutObjectLockConfiguration', (sdk, client) => {
        const Rule = { DefaultRetention: { Mode: 'COMPLIANCE' as const, Days } };
        const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' as const, Rule };
        return client.send(new sdk.PutObjectLockConfigurationCommand({ Bucket, ...owner, ObjectLockConfiguration }));
      }),
    blockPublic: (region, Bucket) =>
      change(region, 'PutPublicAccessBlock', (sdk, client) =>
        client.send(new sdk.PutPublicAccessBlockCommand({ Bucket, ...owner, PublicAccessBlockConfiguration: BLOCKED })),
      ),
    enforceOwnership: (region, Bucket) =>
      change(region, 'PutBucketOwnershipControls', (sdk, client) => {
        const OwnershipControls = { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' as const }] };
        return client.send(new sdk.PutBucketOwnershipControlsCommand({ Bucket, ...owner, OwnershipControls }));
      }),
    putLifecycle: (region, Bucket, rules) =>
      change(region, 'PutBucketLifecycleConfiguration', (sdk, client) => {
        const LifecycleConfiguration = { Rules: rules.map(toSdkRule) };
        return client.send(
          new sdk.PutBucketLifecycleConfigurationCommand({ Bucket, ...owner, LifecycleConfiguration }),
        );
      }),
    putReplication: (region, Bucket, replication) =>
      change(region, 'PutBucketReplication', (sdk, client) => {
        const ReplicationConfiguration = toSdkReplication(replication);
        return client.send(new sdk.PutBucketReplicationCommand({ Bucket, ...owner, ReplicationConfiguration }));
      }),
    putPolicy: (region, Bucket, Policy) =>
      change(region, 'PutBucketPolicy', (sdk, client) =>
        client.send(new sdk.PutBucketPolicyCommand({ Bucket, ...owner, Policy })),
      ),
  };
}

const BLOCKED = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };

/** us-east-1 is the Region that must not be said ("CreateBucket", LocationConstraint). */
function locationOf({ BucketLocationConstraint }: Sdk, region: string) {
  if (region === 'us-east-1') return {};
  const LocationConstraint = Object.values(BucketLocationConstraint).find((name) => name === region);
  return LocationConstraint === undefined ? {} : { CreateBucketConfiguration: { LocationConstraint } };
}

interface Named {
  readonly Bucket: string;
  readonly ExpectedBucketOwner: string;
}

/** Names of the errors by which S3 says that a setting is not there. */
const ABSENT = new Set([
  'NoSuchBucket',
  'NotFound',
  'NoSuchBucketPolicy',
  'NoSuchLifecycleConfiguration',
  'NoSuchPublicAccessBlockConfiguration',
  'ObjectLockConfigurationNotFoundError',
  'OwnershipControlsNotFoundError',
  'ReplicationConfigurationNotFoundError',
  'ServerSideEncryptionConfigurationNotFoundError',
]);

async function orAbsent<Output extends { readonly $metadata: object }>(
  link: S3Link,
  operation: string,
  send: (sdk: Sdk, client: Client) => Promise<Output>,
): Promise<Output | null> {
  const { output } = await link.read(operation, async (sdk, client) => {
    try {
      return { $metadata: {}, found: await send(sdk, client) };
    } catch (cause) {
      if (cause instanceof Error && ABSENT.has(cause.name)) return { $metadata: {}, found: null };
      throw cause;
    }
  });
  return output.found;
}

async function read(link: S3Link, named: Named): Promise<BucketSettings | null> {
  const there = await orAbsent(link, 'HeadBucket', (sdk, client) => client.send(new sdk.HeadBucketCommand(named)));
  if (there === null) return null;
  const versioning = await orAbsent(link, 'GetBucketVersioning', (sdk, client) =>
    client.send(new sdk.GetBucketVersioningCommand(named)),
  );
  const access = await orAbsent(link, 'GetPublicAccessBlock', (sdk, client) =>
    client.send(new sdk.GetPublicAccessBlockCommand(named)),
  );
  const ownership = await orAbsent(link, 'GetBucketOwnershipControls', (sdk, client) =>
    client.send(new sdk.GetBucketOwnershipControlsCommand(named)),
  );
  const policy = await orAbsent(link, 'GetBucketPolicy', (sdk, client) =>
    client.send(new sdk.GetBucketPolicyCommand(named)),
  );
  const blocked = access?.PublicAccessBlockConfiguration ?? {};
  return {
    versioning: versioning?.Status === 'Enabled',
    publicBlocked: Object.keys(BLOCKED).every((name) =>
      Object.entries(blocked).some(([key, on]) => key === name && on),
    ),
    ownership: ownership?.OwnershipControls?.Rules?.[0]?.ObjectOwnership ?? null,
    policy: policy?.Policy ?? null,
    ...(await readRules(link, named)),
  };
}

async function readRules(link: S3Link, named: Named) {
  const lock = await orAbsent(link, 'GetObjectLockConfiguration', (sdk, client) =>
    client.send(new sdk.GetObjectLockConfigurationCommand(named)),
  );
  const encryption = await orAbsent(link, 'GetBucketEncryption', (sdk, client) =>
    client.send(new sdk.GetBucketEncryptionCommand(named)),
  );
  const lifecycle = await orAbsent(link, 'GetBucketLifecycleConfiguration', (sdk, client) =>
    client.send(new sdk.GetBucketLifecycleConfigurationCommand(named)),
  );
  const replication = await orAbsent(link, 'GetBucketReplication', (sdk, client) =>
    client.send(new sdk.GetBucketReplicationCommand(named)),
  );
  const { Mode, Days, Years } = lock?.ObjectLockConfiguration?.Rule?.DefaultRetention ?? {};
  const [rule] = encryption?.ServerSideEncryptionConfiguration?.Rules ?? [];
  return {
    lock: Mode === undefined ? null : { mode: Mode, days: Days ?? 365 * (Years ?? 0) },
    encryption: rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? 'none',
    lifecycle: (lifecycle?.Rules ?? []).map(fromSdkRule),
    replication: fromSdkReplication(replication),
  };
}

function fromSdkRule(rule: SdkLifecycleRule): LifecycleRule {
  const { ID = '', Status, Filter, Prefix, Transitions = [], NoncurrentVersionTransitions = [] } = rule;
  const only =
    Filter === undefined ? Prefix : Object.keys(Filter).every((name) => name === 'Prefix') ? Filter.Prefix : null;
  const moves = [...Transitions.map(({ Days, StorageClass }) => ({ Days, StorageClass }))];
  return {
    id: ID,
    enabled: Status === 'Enabled',
    prefix: only ?? null,
    transitions: [
      ...moves.map(({ Days = 0, StorageClass = '' }) => ({ days: Days, storageClass: StorageClass })),
      ...NoncurrentVersionTransitions.map(({ StorageClass = '' }) => ({
        days: 0,
        storageClass: `noncurrent ${StorageClass}`,
      })),
    ],
    expires: rule.Expiration !== undefined || rule.NoncurrentVersionExpiration !== undefined,
  };
}

function toSdkRule({ id, enabled, prefix, transitions }: LifecycleRule): SdkLifecycleRule {
  return {
    ID: id,
    Status: enabled ? 'Enabled' : 'Disabled',
    Filter: { Prefix: prefix ?? '' },
    Transitions: transitions.map(({ days }) => ({ Days: days, StorageClass: 'GLACIER_IR' })),
  };
}

function fromSdkReplication(output: GetBucketReplicationCommandOutput | null): Replication | null {
  const configuration = output?.ReplicationConfiguration;
  if (configuration === undefined) return null;
  return { roleArn: configuration.Role ?? '', rules: (configuration.Rules ?? []).map(fromSdkReplicationRule) };
}

function fromSdkReplicationRule(rule: SdkReplicationRule): ReplicationRule {
  const sealed = rule.SourceSelectionCriteria?.SseKmsEncryptedObjects?.Status === 'Enabled';
  return {
    id: rule.ID ?? '',
    enabled: rule.Status === 'Enabled',
    prefix: rule.Filter?.Prefix ?? '',
    bucket: (rule.Destination?.Bucket ?? '').replace(/^arn:[a-z-]+:s3:::/, ''),
    keyArn: sealed ? (rule.Destination?.EncryptionConfiguration?.ReplicaKmsKeyID ?? null) : null,
    markers: rule.DeleteMarkerReplication?.Status === 'Enabled',
  };
}

function toSdkReplication({ roleArn, rules }: Replication) {
  const partition = roleArn.split(':')[1] ?? 'aws';
  return {
    Role: roleArn,
    Rules: rules.map(({ id, enabled, prefix, bucket, keyArn, markers }, at) => ({
      ID: id,
      Priority: at + 1,
      Status: enabled ? ('Enabled' as const) : ('Disabled' as const),
      Filter: { Prefix: prefix },
      DeleteMarkerReplication: { Status: markers ? ('Enabled' as const) : ('Disabled' as const) },
      ...(keyArn !== null && { SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' as const } } }),
      Destination: {
        Bucket: `arn:${partition}:s3:::${bucket}`,
        ...(keyArn !== null && { EncryptionConfiguration: { ReplicaKmsKeyID: keyArn } }),
      },
    })),
  };
}
