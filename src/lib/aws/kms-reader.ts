import type {
  AliasListEntry,
  GetKeyRotationStatusResponse,
  KeyMetadata,
  RotationsListEntry,
} from '@aws-sdk/client-kms';
import { CustodyError } from '../base/errors.js';
import { type Instant, instantFromDate } from '../base/time.js';
import {
  isKeyArn,
  type KeyAlias,
  type KeyDescription,
  type KeyReader,
  partsOf,
  type Rotation,
  type RotationStatus,
} from '../key/key.js';
import type { AwsConnection } from './connection.js';
import { grants } from './kms-grants.js';
import { lastUse } from './kms-last-use.js';
import { materials } from './kms-materials.js';
import { publicKey } from './kms-public-key.js';
import { allPages, unreadable } from './pages.js';

const NO_ROTATION: RotationStatus = { enabled: false, periodDays: null, nextAt: null, onDemandStartedAt: null };

/** Reads keys through AWS KMS. */
export function createKeyReader(aws: AwsConnection): KeyReader {
  return {
    describe: (region, key) => orNull(() => describe(aws, region, key)),
    aliases: (region) => aliases(aws, region),
    keyIds: (region) => keyIds(aws, region),
    policy: (region, key) => orNull(() => policy(aws, region, key)),
    tags: (region, key) => orNull(() => tags(aws, region, key)),
    rotationStatus: (region, key) => orNull(() => rotationStatus(aws, region, key)),
    rotations: (region, key) => orNull(() => rotations(aws, region, key)),
    grants: (region, key) => orNull(() => grants(aws, region, key)),
    materials: (region, key) => orNull(() => orUnsupported(() => materials(aws, region, key), [])),
    publicKey: (region, key) => orNull(() => publicKey(aws, region, key)),
    lastUse: (region, key) => orNull(() => lastUse(aws, region, key)),
  };
}

async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CustodyError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

/** Keys that cannot rotate (asymmetric, HMAC, custom key store) answer so; they have no rotation and never had one. */
async function orUnsupported<T>(read: () => Promise<T>, value: T): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CustodyError && error.details?.awsCode === 'UnsupportedOperationException') return value;
    throw error;
  }
}

async function describe(aws: AwsConnection, region: string, key: string): Promise<KeyDescription> {
  const { output } = await aws
    .kms(region)
    .read('DescribeKey', (sdk, client) => client.send(new sdk.DescribeKeyCommand({ KeyId: key })));
  return descriptionOf(output.KeyMetadata, region);
}

function descriptionOf(found: KeyMetadata | undefined, region: string): KeyDescription {
  const { Arn, KeyState, KeySpec, KeyUsage, Origin, CreationDate } = found ?? {};
  if (!isKeyArn(Arn) || !KeyState || !KeySpec || !KeyUsage || !Origin || !CreationDate) throw unreadable('DescribeKey');
  const parts = partsOf(Arn);
  // An ARN of another Region would be read, signed and executed as this one's (T54).
  if (parts.region !== region) throw unreadable('DescribeKey');
  return {
    arn: Arn,
    keyId: parts.keyId,
    region,
    account: parts.account,
    state: KeyState,
    spec: KeySpec,
    usage: KeyUsage,
    origin: Origin,
    description: found?.Description ?? '',
    createdAt: instantFromDate(CreationDate),
    deletionAt: instantOrNull(found?.DeletionDate),
    multiRegion: multiRegionOf(found),
  };
}

function multiRegionOf(found: KeyMetadata | undefined): KeyDescription['multiRegion'] {
  if (!found?.MultiRegion) return null;
  const { MultiRegionKeyType: type, PrimaryKey, ReplicaKeys = [] } = found.MultiRegionConfiguration ?? {};
  if (!type || !PrimaryKey?.Region) throw unreadable('DescribeKey');
  const replicaRegions = ReplicaKeys.map(({ Region }) => {
    if (!Region) throw unreadable('DescribeKey');
    return Region;
  });
  return { type, primaryRegion: PrimaryKey.Region, replicaRegions: replicaRegions.sort() };
}

async function aliases(aws: AwsConnection, region: string): Promise<readonly KeyAlias[]> {
  const found = await allPages<AliasListEntry>('ListAliases', async (Marker) => {
    const { output } = await aws
      .kms(region)
      .read('ListAliases', (sdk, client) => client.send(new sdk.ListAliasesCommand({ Limit: 100, Marker })));
    return { items: output.Aliases, truncated: output.Truncated, next: output.NextMarker };
  });
  return found.flatMap(({ AliasName, TargetKeyId }) => {
    if (!AliasName) throw unreadable('ListAliases');
    // AWS lists names of its own that have no key yet.
    return TargetKeyId ? [{ name: AliasName, keyId: TargetKeyId }] : [];
  });
}

async function keyIds(aws: AwsConnection, region: string): Promise<readonly string[]> {
  const found = await allPages('ListKeys', async (Marker) => {
    const { output } = await aws
      .kms(region)
      .read('ListKeys', (sdk, client) => client.send(new sdk.ListKeysCommand({ Limit: 1000, Marker })));
    return { items: output.Keys, truncated: output.Truncated, next: output.NextMarker };
  });
  return found.map(({ KeyId }) => {
    if (!KeyId) throw unreadable('ListKeys');
    return KeyId;
  });
}

async function policy(aws: AwsConnection, region: string, key: string): Promise<string> {
  const { output } = await aws
    .kms(region)
    .read('GetKeyPolicy', (sdk, client) =>
      client.send(new sdk.GetKeyPolicyCommand({ KeyId: key, PolicyName: 'default' })),
    );
  if (!output.Policy) throw unreadable('GetKeyPolicy');
  return output.Policy;
}

async function tags(aws: AwsConnection, region: string, key: string): Promise<Readonly<Record<string, string>>> {
  const found = await allPages('ListResourceTags', async (Marker) => {
    const { output } = await aws
      .kms(region)
      .read('ListResourceTags', (sdk, client) =>
        client.send(new sdk.ListResourceTagsCommand({ KeyId: key, Limit: 50, Marker })),
      );
    return { items: output.Tags, truncated: output.Truncated, next: output.NextMarker };
  });
  return Object.fromEntries(
    found.map(({ TagKey, TagValue }) => {
      if (TagKey === undefined || TagValue === undefined) throw unreadable('ListResourceTags');
      return [TagKey, TagValue];
    }),
  );
}

async function rotationStatus(aws: AwsConnection, region: string, key: string): Promise<RotationStatus> {
  return orUnsupported(async () => {
    const { output } = await aws
      .kms(region)
      .read('GetKeyRotationStatus', (sdk, client) => client.send(new sdk.GetKeyRotationStatusCommand({ KeyId: key })));
    return statusOf(output);
  }, NO_ROTATION);
}

function statusOf(found: GetKeyRotationStatusResponse): RotationStatus {
  if (found.KeyRotationEnabled === undefined) throw unreadable('GetKeyRotationStatus');
  return {
    enabled: found.KeyRotationEnabled,
    periodDays: found.RotationPeriodInDays ?? null,
    nextAt: instantOrNull(found.NextRotationDate),
    onDemandStartedAt: instantOrNull(found.OnDemandRotationStartDate),
  };
}

async function rotations(aws: AwsConnection, region: string, key: string): Promise<readonly Rotation[]> {
  return orUnsupported(async () => {
    const found = await allPages('ListKeyRotations', async (Marker) => {
      const { output } = await aws
        .kms(region)
        .read('ListKeyRotations', (sdk, client) =>
          client.send(new sdk.ListKeyRotationsCommand({ KeyId: key, Limit: 1000, Marker })),
        );
      return { items: output.Rotations, truncated: output.Truncated, next: output.NextMarker };
    });
    return found.map(rotationOf).sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  }, []);
}

function rotationOf({ RotationType, RotationDate, KeyMaterialId }: RotationsListEntry): Rotation {
  if (!RotationType || !RotationDate) throw unreadable('ListKeyRotations');
  return { type: RotationType, at: instantFromDate(RotationDate), keyMaterialId: KeyMaterialId ?? null };
}

function instantOrNull(date: Date | undefined): Instant | null {
  return date === undefined ? null : instantFromDate(date);
}
