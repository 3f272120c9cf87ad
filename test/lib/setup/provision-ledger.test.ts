import { CreateAliasCommand, CreateKeyCommand } from '@aws-sdk/client-kms';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import { createLedgerBuckets as openBuckets } from '../../../src/lib/aws/s3-bucket.js';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import type { LedgerBuckets } from '../../../src/lib/ledger/bucket.js';
import type { Plan } from '../../../src/lib/plan/plan.js';
import { replicationRolePolicy } from '../../../src/lib/policy/ledger-bucket.js';
import { DEFAULT_SEED } from '../../../src/lib/sandbox/seed.js';
import { kmsService, s3Service } from '../../../src/lib/sandbox/services.js';
import { type EntryKeys, REPLICATION_ROLE } from '../../../src/lib/setup/ledger-bucket.js';
import { ledgerTerraform } from '../../../src/lib/setup/ledger-terraform.js';
import { checkLedgerBuckets, createLedgerBuckets, findEntryKeys } from '../../../src/lib/setup/provision-ledger.js';
import { ask, kmsClient, s3Client } from '../../support/s3/stage.js';
import { openWorld, REGION, scratch } from '../aws/support.js';
import { draft } from '../plan/fixture.js';

const ACCOUNT = '000000000000';
const COPY = 'eu-west-1';
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const S3 = {
  bucket: 'audit-ledger-7f3a',
  region: REGION,
  key: 'audit-ledger',
  writerRoleArns: [role('ledger-w')],
  readerRoleArns: [role('ledger-r')],
  replica: { bucket: 'audit-ledger-7f3a-copy', region: COPY },
};
const plan: Plan = { ...draft().plan, account: ACCOUNT, ledger: { store: 's3', retentionDays: 30, s3: S3 } };
const DAY = 86_400_000;

async function openLedger() {
  const world = openWorld(scratch(), {
    services: [kmsService(), s3Service()],
    seed: { ...DEFAULT_SEED, ledger: { writer: 'ledger-w', reader: 'ledger-r' } },
  });
  const aws = await world.as('admin', { region: REGION, ledger: plan.ledger });
  const { sandbox } = world;
  for (const region of [REGION, COPY]) {
    // By a client of AWS's own: the guard of ours lets nobody make a key without a quorum.
    const kms = kmsClient(world.sandbox, 'admin', region);
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/cmk/audit-ledger', TargetKeyId: KeyMetadata?.KeyId }));
  }
  const keys = await findEntryKeys(plan, createKeyReader(aws));
  const RoleName = REPLICATION_ROLE;
  const trust = { Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  await aws
    .iam()
    .once('CreateRole', (sdk, client) =>
      client.send(new sdk.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument })),
    );
  const { keyArn, copyKeyArn } = keys;
  const PolicyDocument = replicationRolePolicy({
    partition: 'aws',
    bucket: S3.bucket,
    replica: S3.replica.bucket,
    keyArn,
    replicaKeyArn: copyKeyArn ?? '',
  });
  await aws
    .iam()
    .once('PutRolePolicy', (sdk, client) =>
      client.send(new sdk.PutRolePolicyCommand({ RoleName, PolicyName: 'custody', PolicyDocument })),
    );
  return { sandbox, keys, buckets: openBuckets(aws) };
}

describe('ledger provision', { shuffle: false }, () => {
  let sandbox: Awaited<ReturnType<typeof openLedger>>['sandbox'];
  let keys: EntryKeys;
  let buckets: LedgerBuckets;

  beforeAll(async () => {
    ({ sandbox, keys, buckets } = await openLedger());
  });

  const as = (profile: string, region = REGION) => s3Client(sandbox, profile, { region });
  const put = (name: string, more: JsonObject = {}, profile = 'ledger-writer') =>
    ask(as(profile), 'PutObject', {
      Bucket: S3.bucket,
      Key: `custody/${name}`,
      Body: 'bytes',
      IfNoneMatch: '*',
      ...more,
    });
  const sealed = () => ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keys.keyArn });

  it('says that the buckets are not there, makes both, and then nothing more', async () => {
    const before = await checkLedgerBuckets(plan, keys, buckets);
    expect(before.verdict).toBe('refused');
    expect(before.checks.map(({ id, status }) => `${id} ${status}`)).toEqual(['copy-bucket fail', 'bucket fail']);
    const made = await createLedgerBuckets(plan, keys, buckets);
    expect(made.checks.filter(({ status }) => status !== 'pass')).toEqual([]);
    expect(made.verdict).toBe('verified');
    expect(made.made).toContain(`${S3.bucket}: policy`);
    expect((await createLedgerBuckets(plan, keys, buckets)).made).toEqual([]);
  });

  it('lets the writer write entries and slots, and read slots alone', async () => {
    const entry = await put('bundles/ab', sealed());
    expect(entry).toMatchObject({ status: 200, answer: { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keys.keyArn } });
    expect(await put('slots/000000001')).toMatchObject({ status: 200, answer: { ServerSideEncryption: 'AES256' } });
    const until = new Date(sandbox.nowMillis() + 30 * DAY);
    const held: unknown = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until };
    expect(await put('slots/000000002', held as JsonObject)).toMatchObject({ status: 200 });
    const read = (name: string, profile: string) =>
      ask(as(profile), 'GetObject', { Bucket: S3.bucket, Key: `custody/${name}` });
    expect(await read('slots/000000001', 'ledger-writer')).toMatchObject({ answer: { Body: 'bytes' } });
    expect(await read('bundles/ab', 'ledger-writer')).toMatchObject({
      status: 403,
      message: expect.stringContaining('explicit deny in a resource-based policy'),
    });
    expect(await read('bundles/ab', 'ledger-reader')).toMatchObject({ answer: { Body: 'bytes' } });
    expect(await read('bundles/ab', 'admin')).toMatchObject({ status: 403 });
  });

  it('refuses to overwrite, to use another key, to write elsewhere, to hold otherwise', async () => {
    expect(await put('slots/000000001')).toMatchObject({ error: 'PreconditionFailed' });
    const denied = { status: 403, error: 'AccessDenied', message: expect.stringContaining('explicit deny') };
    const { IfNoneMatch: _none, ...unconditional } = {
      IfNoneMatch: '*',
      Bucket: S3.bucket,
      Key: 'custody/slots/000000001',
      Body: 'x',
    };
    expect(await ask(as('ledger-writer'), 'PutObject', unconditional)).toMatchObject(denied);
    expect(await put('bundles/cd')).toMatchObject(denied);
    expect(await put('bundles/cd', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keys.copyKeyArn })).toMatchObject(
      denied,
    );
    expect(await put('', { ...sealed(), Key: 'elsewhere/bundles/ef' })).toMatchObject(denied);
    const short: unknown = {
      ObjectLockMode: 'COMPLIANCE',
      ObjectLockRetainUntilDate: new Date(sandbox.nowMillis() + 2 * DAY),
    };
    expect(await put('slots/000000003', short as JsonObject)).toMatchObject(denied);
    expect(await put('slots/000000003', {}, 'admin')).toMatchObject(denied);
  });

  it('lets nobody delete, shorten or reconfigure, the administrator included', async () => {
    const { answer } = await ask(as('ledger-reader'), 'ListObjectVersions', {
      Bucket: S3.bucket,
      Prefix: 'custody/bundles/',
    });
    const [version] = (answer?.Versions ?? []) as { Key: string; VersionId: string }[];
    const named = { Bucket: S3.bucket, Key: version?.Key ?? '', VersionId: version?.VersionId ?? '' };
    const retention: unknown = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(sandbox.nowMillis() + DAY) };
    for (const [operation, input] of [
      ['DeleteObject', named],
      ['DeleteObject', { ...named, BypassGovernanceRetention: true }],
      ['DeleteObject', { Bucket: S3.bucket, Key: named.Key }],
      ['PutObjectRetention', { ...named, Retention: retention as JsonObject }],
      ['PutBucketVersioning', { Bucket: S3.bucket, VersioningConfiguration: { Status: 'Suspended' } }],
      ['DeleteBucketPolicy', { Bucket: S3.bucket }],
      ['DeleteBucketLifecycle', { Bucket: S3.bucket }],
      ['DeleteBucket', { Bucket: S3.bucket }],
    ] as const) {
      for (const profile of ['ledger-writer', 'admin']) {
        expect(await ask(as(profile), operation, input), `${profile} ${operation}`).toMatchObject({ status: 403 });
      }
    }
  });

  it('copies to the other Region, held there too, and nobody writes there', async () => {
    sandbox.advance(1);
    const key = { Bucket: S3.replica.bucket, Key: 'custody/bundles/ab' };
    const copied = await ask(as('ledger-reader', COPY), 'GetObject', key);
    expect(copied).toMatchObject({
      answer: { Body: 'bytes', ReplicationStatus: 'REPLICA', SSEKMSKeyId: keys.copyKeyArn },
    });
    expect(copied.answer?.ObjectLockMode).toBe('COMPLIANCE');
    expect(await ask(as('admin', COPY), 'PutObject', { ...key, Body: 'x' })).toMatchObject({ status: 403 });
    const source = await ask(as('ledger-reader'), 'HeadObject', { ...key, Bucket: S3.bucket });
    expect(source.answer?.ReplicationStatus).toBe('COMPLETED');
  });

  it('names what differs, and changes nothing that is there', async () => {
    const other: Plan = { ...plan, ledger: { ...plan.ledger, retentionDays: 31 } };
    const report = await createLedgerBuckets(other, keys, buckets);
    expect(report.made).toEqual([]);
    expect(report.checks.filter(({ status }) => status === 'fail').map(({ id }) => id)).toEqual([
      'copy-lock',
      'lock',
      'policy',
    ]);
  });

  it('renders the same bytes as Terraform, with the policies that are checked', async () => {
    const text = ledgerTerraform(plan, keys);
    expect(ledgerTerraform(plan, keys)).toBe(text);
    const found = await buckets.read(REGION, S3.bucket);
    expect(text).toContain(found?.policy ?? 'no policy');
    expect(text).not.toContain('force_destroy = true');
  });
});
