import type { JsonObject } from '../../base/canonical-json.js';
import { instantFromMillis } from '../../base/time.js';
import { isObject } from '../kms/input.js';
import type { Call } from '../service.js';
import { authorize, type Operations, openBucket, textOf } from './access.js';
import { s3Error } from './errors.js';
import { type BucketRow, bucketArn, type S3World } from './state.js';

/** "General purpose bucket naming rules". */
const NAME =
  /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!\d{1,3}(?:\.\d{1,3}){3}$)(?!.*(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const HOME = 'us-east-1';

export const bucketOperations: Operations = (world) => ({
  CreateBucket: (input, call) => createBucket(world, call, input),

  DeleteBucket(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:DeleteBucket', bucket);
    if (!world.names.isEmpty(bucket.name)) {
      throw s3Error(
        'BucketNotEmpty',
        bucket.versioning === null
          ? 'The bucket you tried to delete is not empty'
          : 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.',
        { BucketName: bucket.name },
      );
    }
    world.buckets.remove(bucket.name);
    return {};
  },

  HeadBucket(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:ListBucket', bucket);
    return { BucketRegion: bucket.region };
  },

  ListBuckets(_input, call) {
    call.authorize({ action: 's3:ListAllMyBuckets', resource: '*', context: {} });
    const rows = [...world.buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const Bucket = rows.map(({ name, createdMillis, region }) => ({
      Name: name,
      CreationDate: instantFromMillis(createdMillis),
      BucketRegion: region,
    }));
    return { Owner: { ID: ownerId(world) }, Buckets: { Bucket } };
  },

  GetBucketLocation(input, call) {
    const bucket = openBucket(world, call, input);
    authorize(world, call, 's3:GetBucketLocation', bucket);
    return { '': bucket.region === HOME ? '' : bucket.region };
  },
});

/** The canonical user id of the account; a fixed one here. */
export function ownerId({ account }: S3World): string {
  return account.padEnd(64, '0');
}

function createBucket(world: S3World, call: Call, input: JsonObject): JsonObject {
  const name = textOf(input, 'Bucket');
  if (!NAME.test(name)) throw s3Error('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: name });
  const lockEnabled = textOf(input, 'ObjectLockEnabledForBucket').toLowerCase() === 'true';
  const resource = bucketArn(world, name);
  const region = regionOf(world, call, input);
  // CreateBucket, "Permissions": a bucket with Object Lock takes two more.
  const more = lockEnabled ? ['s3:PutBucketObjectLockConfiguration', 's3:PutBucketVersioning'] : [];
  for (const action of ['s3:CreateBucket', ...more]) {
    call.authorize({ action, resource, policyAdds: true, context: { 's3:locationconstraint': region } });
  }
  const before = world.buckets.get(name);
  if (before !== undefined) {
    // "For legacy compatibility, if you re-create an existing bucket that you already own in us-east-1, S3 returns 200".
    if (before.region === HOME && region === HOME) return { Location: `/${name}` };
    throw s3Error(
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
      { BucketName: name },
    );
  }
  world.buckets.put(name, {
    ...freshBucket(name, region, call.nowMillis),
    ...ownershipOf(input),
    ...locked(lockEnabled),
  });
  return { Location: region === HOME ? `/${name}` : `http://${name}.s3.amazonaws.com/` };
}

function regionOf(world: S3World, call: Call, { CreateBucketConfiguration: configuration }: JsonObject): string {
  const constraint = isObject(configuration) ? textOf(configuration, 'LocationConstraint') : '';
  const region = constraint === '' ? HOME : constraint;
  const sound = call.region === HOME ? world.regions.includes(region) || region === HOME : region === call.region;
  if (sound) return region;
  throw s3Error(
    'IllegalLocationConstraintException',
    constraint === ''
      ? 'The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.'
      : `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  );
}

/** What AWS gives every new bucket since April 2023: encrypted by S3's keys, closed to the public, without ACLs. */
function freshBucket(name: string, region: string, createdMillis: number): BucketRow {
  return {
    name,
    region,
    createdMillis,
    versioning: null,
    lockEnabled: false,
    policy: null,
    lockRule: null,
    encryption: null,
    publicAccess: {
      BlockPublicAcls: 'true',
      IgnorePublicAcls: 'true',
      BlockPublicPolicy: 'true',
      RestrictPublicBuckets: 'true',
    },
    ownership: { Rule: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    lifecycle: null,
    lifecycleMinimum: 'all_storage_classes_128K',
    replication: null,
  };
}

function ownershipOf(input: JsonObject): Partial<BucketRow> {
  const given = textOf(input, 'ObjectOwnership');
  if (given === '' || given === 'BucketOwnerEnforced') return {};
  throw s3Error('NotImplemented', 'The sandbox has no ACLs: ObjectOwnership is BucketOwnerEnforced.');
}

function locked(lockEnabled: boolean): Partial<BucketRow> {
  return lockEnabled ? { lockEnabled: true, versioning: 'Enabled' } : {};
}
