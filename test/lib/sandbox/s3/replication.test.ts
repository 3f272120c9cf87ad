import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { createSandbox, type Sandbox } from '../../../../src/lib/sandbox/sandbox.js';
import { kmsService, s3Service } from '../../../../src/lib/sandbox/services.js';
import { createMemoryStore } from '../../../../src/lib/sandbox/state.js';
import { putReplicationRole } from '../../../support/s3/replication-role.js';
import { ask, s3Client } from '../../../support/s3/stage.js';

/** "What does Amazon S3 replicate?" and "Setting up permissions for live replication" (Amazon S3 User Guide). */

const [HOME, AWAY] = ['eu-central-1', 'eu-west-1'];
const [FROM, TO] = ['replication-from', 'replication-to'];
const DAY = 86_400_000;

let sandbox: Sandbox;
let roleArn: string;

const here = (operation: string, input: JsonObject) =>
  ask(s3Client(sandbox, 'admin', { region: HOME }), operation, { Bucket: FROM, ...input });
const there = (operation: string, input: JsonObject) =>
  ask(s3Client(sandbox, 'admin', { region: AWAY }), operation, { Bucket: TO, ...input });

beforeEach(async () => {
  sandbox = createSandbox({ store: createMemoryStore(), services: [kmsService(), s3Service()] });
  const lock = { ObjectLockEnabledForBucket: true };
  await here('CreateBucket', { ...lock, CreateBucketConfiguration: { LocationConstraint: HOME } });
  await there('CreateBucket', { ...lock, CreateBucketConfiguration: { LocationConstraint: AWAY } });
  roleArn = await putReplicationRole(sandbox, [
    { Effect: 'Allow', Action: ['s3:GetObjectVersionForReplication'], Resource: `arn:aws:s3:::${FROM}/*` },
    { Effect: 'Allow', Action: ['s3:ReplicateObject', 's3:ReplicateDelete'], Resource: `arn:aws:s3:::${TO}/*` },
  ]);
});

async function replicate(change: JsonObject = {}): Promise<void> {
  const rule = {
    ID: 'all',
    Status: 'Enabled',
    Priority: 1,
    Filter: { Prefix: 'kept/' },
    DeleteMarkerReplication: { Status: 'Disabled' },
    Destination: { Bucket: `arn:aws:s3:::${TO}` },
    ...change,
  };
  const ReplicationConfiguration = { Role: roleArn, Rules: [rule] };
  expect(await here('PutBucketReplication', { ReplicationConfiguration })).toMatchObject({ status: 200 });
}

const put = async (Key: string, more: object = {}) => {
  const given: unknown = { Key, Body: `bytes of ${Key}`, ...more };
  const { answer, error } = await here('PutObject', given as JsonObject);
  expect(error).toBeUndefined();
  sandbox.advance(1);
  return String(answer?.VersionId);
};

async function copies(): Promise<readonly string[]> {
  const { answer = {} } = await there('ListObjectVersions', {});
  const list = (name: string) => (answer[name] ?? []) as readonly { readonly Key: string }[];
  return [
    ...list('Versions').map(({ Key }) => Key),
    ...list('DeleteMarkers').map(({ Key }) => `${Key} (marker)`),
  ].sort();
}

describe('replication', () => {
  it('takes what is new and under the rule, with its version id and instant, and says so at both ends', async () => {
    await put('kept/before');
    await replicate();
    const version = await put('kept/a');
    await put('other/a');
    expect(await copies()).toEqual(['kept/a']);
    const copy = await there('GetObject', { Key: 'kept/a' });
    const source = await here('GetObject', { Key: 'kept/a' });
    expect(copy.answer).toMatchObject({ Body: 'bytes of kept/a', VersionId: version, ReplicationStatus: 'REPLICA' });
    expect(source.answer?.ReplicationStatus).toBe('COMPLETED');
    expect(copy.answer?.LastModified).toBe(source.answer?.LastModified);
  });

  it('keeps retention; without any, the destination’s default is applied', async () => {
    await replicate();
    const DefaultRetention = { Mode: 'COMPLIANCE', Days: 7 };
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } };
    await there('PutObjectLockConfiguration', { ObjectLockConfiguration });
    const until = new Date(Math.floor(sandbox.nowMillis() / 1000) * 1000 + 3 * DAY);
    const held = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until, ChecksumAlgorithm: 'SHA256' };
    const version = await put('kept/held', held);
    await put('kept/free');
    const copy = await there('HeadObject', { Key: 'kept/held' });
    expect(copy.answer).toMatchObject({ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until.toISOString() });
    const free = await there('HeadObject', { Key: 'kept/free' });
    expect(Date.parse(String(free.answer?.ObjectLockRetainUntilDate)) - sandbox.nowMillis()).toBeGreaterThan(6 * DAY);
    const purge = await there('DeleteObject', { Key: 'kept/held', VersionId: version });
    expect(purge).toMatchObject({ status: 403 });
  });

  it('takes no delete marker unless the rule says so, and never the end of a version', async () => {
    await replicate();
    const version = await put('kept/a');
    await here('DeleteObject', { Key: 'kept/a' });
    await here('DeleteObject', { Key: 'kept/a', VersionId: version });
    sandbox.advance(1);
    expect(await copies()).toEqual(['kept/a']);
    await replicate({ DeleteMarkerReplication: { Status: 'Enabled' } });
    await put('kept/b');
    await here('DeleteObject', { Key: 'kept/b' });
    sandbox.advance(1);
    expect(await copies()).toEqual(['kept/a', 'kept/b', 'kept/b (marker)']);
  });

  it('takes nothing under a rule that is off, nor for a role that may not, and says that it failed', async () => {
    await replicate({ Status: 'Disabled' });
    await put('kept/off');
    expect((await here('HeadObject', { Key: 'kept/off' })).answer?.ReplicationStatus).toBeUndefined();
    await replicate();
    await putReplicationRole(sandbox, [{ Effect: 'Deny', Action: ['s3:ReplicateObject'], Resource: '*' }]);
    await put('kept/denied');
    expect((await here('HeadObject', { Key: 'kept/denied' })).answer?.ReplicationStatus).toBe('FAILED');
    expect(await copies()).toEqual([]);
  });

  it('a copy is copied no further', async () => {
    await replicate();
    const back = { ID: 'back', Status: 'Enabled', Priority: 1, Filter: { Prefix: '' } };
    const rule = {
      ...back,
      DeleteMarkerReplication: { Status: 'Disabled' },
      Destination: { Bucket: `arn:aws:s3:::${FROM}` },
    };
    await there('PutBucketReplication', { ReplicationConfiguration: { Role: roleArn, Rules: [rule] } });
    await put('kept/a');
    sandbox.advance(1);
    const { answer } = await here('ListObjectVersions', {});
    expect(answer?.Versions).toHaveLength(1);
  });
});
