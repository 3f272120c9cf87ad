import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKeyAuthority } from '../../src/lib/aws/authority.js';
import { type AwsConnection, openAws } from '../../src/lib/aws/connection.js';
import { enterExecutor } from '../../src/lib/aws/executor.js';
import { createKeyReader } from '../../src/lib/aws/kms-reader.js';
import type { JsonObject } from '../../src/lib/base/canonical-json.js';
import { isInstant } from '../../src/lib/base/time.js';
import { isKeyArn, type KeyAuthority, type KeyReader, type KeyWriter, partsOf } from '../../src/lib/key/key.js';
import { type RunningServer, startServer } from '../../src/lib/sandbox/server.js';
import { EXECUTOR, openWorld, REGION, scratch, virtualTimer } from '../lib/aws/support.js';
import { anyWriter, warrantFor } from '../support/any-writer.js';

/** KeyReader, KeyWriter and KeyAuthority: what every implementation promises, on the sandbox and, by choice, on AWS. */

const REPLICA = 'eu-west-1';
const NOWHERE = '11111111-2222-3333-4444-555555555555';
const folder = scratch();

interface World {
  readonly reader: KeyReader;
  readonly authority: KeyAuthority;
  readonly aws: AwsConnection;
}

describe.each(['in process', 'over HTTP'])('a KMS, adapter and sandbox %s', (transport) => {
  let world: World;
  let writer: KeyWriter;
  let server: RunningServer | undefined;

  beforeAll(async () => {
    const { sandbox, environment, as } = openWorld(folder);
    if (transport === 'over HTTP') server = await startServer({ sandbox, token: 'x' });
    const aws = await (server
      ? openAws({
          environmentKind: 'sandbox',
          account: sandbox.account,
          profile: 'architect',
          endpointUrl: server.endpoint,
          environment,
          timeoutMillis: 10_000,
          timer: virtualTimer(),
        })
      : as('architect'));
    world = { aws, reader: createKeyReader(aws), authority: createKeyAuthority(aws) };
    const session = { roleArn: EXECUTOR, sourceIdentity: 'architect', sessionName: 'r-contract' };
    writer = anyWriter(await enterExecutor(aws, { ...session, actions: ['kms:*'], resources: ['*'] }));
  });

  afterAll(async () => {
    world.aws.close();
    await server?.stop(0);
  });

  const call = (operation: string, parameters: JsonObject, region = REGION) =>
    writer.call({ service: 'kms', region, operation, parameters });

  async function create(parameters: JsonObject = {}) {
    const { answer } = await call('CreateKey', parameters);
    const arn = (answer.KeyMetadata as JsonObject).Arn;
    if (!isKeyArn(arn)) throw new Error('CreateKey gave no ARN');
    return arn;
  }

  it('tells who calls', async () => {
    const me = await world.authority.whoAmI();
    expect(me).toMatchObject({ account: '000000000000', partition: 'aws' });
    expect(me.arn).toBe('arn:aws:sts::000000000000:assumed-role/SecurityArchitect/architect');
    expect(isInstant(me.serverTime)).toBe(true);
  });

  it('knows roles by their unique id', async () => {
    expect(await world.authority.roleId(EXECUTOR)).toMatch(/^AROA[A-Z0-9]{17}$/);
  });

  it('describes a new key in its Region, by ARN, id and alias', async () => {
    const arn = await create({ Description: 'one' });
    const { keyId } = partsOf(arn);
    await call('CreateAlias', { AliasName: `alias/contract-${transport.length}`, TargetKeyId: keyId });
    const found = await world.reader.describe(REGION, arn);
    expect(found).toMatchObject({
      arn,
      keyId,
      region: REGION,
      account: '000000000000',
      state: 'Enabled',
      spec: 'SYMMETRIC_DEFAULT',
      usage: 'ENCRYPT_DECRYPT',
      origin: 'AWS_KMS',
      description: 'one',
      deletionAt: null,
      multiRegion: null,
    });
    expect(isInstant(found?.createdAt)).toBe(true);
    expect(await world.reader.describe(REGION, keyId)).toEqual(found);
    expect(await world.reader.describe(REGION, `alias/contract-${transport.length}`)).toEqual(found);
    expect(await world.reader.aliases(REGION)).toContainEqual({ name: `alias/contract-${transport.length}`, keyId });
    expect(await world.reader.keyIds(REGION)).toContain(keyId);
  });

  it('answers null for what is not there, for every question about one key', async () => {
    const { reader } = world;
    const questions = [
      ...[reader.describe, reader.policy, reader.tags],
      ...[reader.rotationStatus, reader.rotations, reader.grants, reader.materials, reader.lastUse],
    ];
    expect(await Promise.all(questions.map((ask) => ask(REGION, NOWHERE)))).toEqual(questions.map(() => null));
    expect(await reader.describe(REGION, 'alias/nothing')).toBeNull();
  });

  it('reads tags as they were set', async () => {
    const arn = await create({ Tags: [{ TagKey: 'custody:request', TagValue: 'r-abc' }] });
    await call('TagResource', { KeyId: arn, Tags: [{ TagKey: 'empty', TagValue: '' }] });
    expect(await world.reader.tags(REGION, arn)).toEqual({ 'custody:request': 'r-abc', empty: '' });
    await call('UntagResource', { KeyId: arn, TagKeys: ['empty'] });
    expect(await world.reader.tags(REGION, arn)).toEqual({ 'custody:request': 'r-abc' });
  });

  it('reads the policy that was put; the text is KMS’s own', async () => {
    const text = `{"Version":"2012-10-17","Statement":[{"Sid":"all ${transport}","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:*","Resource":"*"}]}`;
    const arn = await create();
    await call('PutKeyPolicy', { KeyId: arn, PolicyName: 'default', Policy: text });
    expect(JSON.parse((await world.reader.policy(REGION, arn)) ?? '')).toEqual(JSON.parse(text));
  });

  it('reads rotation: settings, on-demand rotations, oldest first', async () => {
    const arn = await create();
    expect(await world.reader.rotationStatus(REGION, arn)).toMatchObject({ enabled: false, onDemandStartedAt: null });
    expect(await world.reader.rotations(REGION, arn)).toEqual([]);
    await call('EnableKeyRotation', { KeyId: arn, RotationPeriodInDays: 180 });
    const status = await world.reader.rotationStatus(REGION, arn);
    expect(status).toMatchObject({ enabled: true, periodDays: 180 });
    expect(isInstant(status?.nextAt)).toBe(true);
  });

  it('lists materials, the first one too; imported ones with where they are', async () => {
    const made = await create();
    const [only, ...others] = (await world.reader.materials(REGION, made)) ?? [];
    expect(others).toEqual([]);
    expect(only).toMatchObject({ state: 'CURRENT', importState: null, expiresAt: null, description: null });
    expect(only?.id).toMatch(/^[0-9a-f]{64}$/);
    expect(await world.reader.materials(REGION, await create({ Origin: 'EXTERNAL' }))).toEqual([]);
    const asymmetric = await create({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    expect(await world.reader.materials(REGION, asymmetric)).toEqual([]);
  });

  it('reads the last use: none at first, then the last one that succeeded', async () => {
    const arn = await create();
    const before = await world.reader.lastUse(REGION, arn);
    const { createdAt } = (await world.reader.describe(REGION, arn)) ?? {};
    expect(before).toEqual({ trackedSince: createdAt, last: null });
    // By default the account's own policies decide, and they let the executor use the key.
    await call('CreateGrant', { KeyId: arn, GranteePrincipal: EXECUTOR, Operations: ['DescribeKey'] });
    expect(await world.reader.lastUse(REGION, arn)).toEqual(before);
  });

  it('reads a multi-Region key and its replica', async () => {
    const arn = await create({ MultiRegion: true });
    const policy = (await world.reader.policy(REGION, arn)) ?? '';
    await call('ReplicateKey', { KeyId: arn, ReplicaRegion: REPLICA, Policy: policy });
    const { keyId } = partsOf(arn);
    const primary = await world.reader.describe(REGION, keyId);
    const replica = await world.reader.describe(REPLICA, keyId);
    expect(keyId).toMatch(/^mrk-/);
    expect(primary?.multiRegion).toEqual({ type: 'PRIMARY', primaryRegion: REGION, replicaRegions: [REPLICA] });
    expect(replica?.multiRegion).toEqual({ type: 'REPLICA', primaryRegion: REGION, replicaRegions: [REPLICA] });
    expect(replica).toMatchObject({ region: REPLICA, keyId });
  });

  it('reads a deletion that waits', async () => {
    const arn = await create();
    await call('ScheduleKeyDeletion', { KeyId: arn, PendingWindowInDays: 7 });
    const found = await world.reader.describe(REGION, arn);
    expect(found?.state).toBe('PendingDeletion');
    expect(isInstant(found?.deletionAt)).toBe(true);
  });

  it('reads grants, every page of them, by id and without their tokens', async () => {
    const arn = await create();
    expect(await world.reader.grants(REGION, arn)).toEqual([]);
    const pairs = { app: 'cases' };
    const plain = { KeyId: arn, GranteePrincipal: EXECUTOR };
    const { answer } = await call('CreateGrant', {
      ...plain,
      Name: 'one',
      Operations: ['Encrypt', 'Decrypt'],
      RetiringPrincipal: EXECUTOR,
      Constraints: { EncryptionContextSubset: pairs },
    });
    const [grant, ...rest] = (await world.reader.grants(REGION, arn)) ?? [];
    expect(rest).toEqual([]);
    expect(grant).toEqual({
      id: answer.GrantId,
      name: 'one',
      grantee: EXECUTOR,
      retiring: EXECUTOR,
      operations: ['Decrypt', 'Encrypt'],
      encryptionContextEquals: null,
      encryptionContextSubset: pairs,
      sourceArn: null,
      createdAt: expect.stringMatching(/^\d{4}-/),
    });
    const names = Array.from({ length: 101 }, (_, at) => `more-${at}`);
    for (const Name of names) await call('CreateGrant', { ...plain, Name, Operations: ['DescribeKey'] });
    const all = (await world.reader.grants(REGION, arn)) ?? [];
    expect(all.map(({ name }) => name).sort()).toEqual(['one', ...names].sort());
    const ids = all.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
    await call('RevokeGrant', { KeyId: arn, GrantId: answer.GrantId ?? '' });
    expect((await world.reader.grants(REGION, arn))?.some(({ name }) => name === 'one')).toBe(false);
  });

  it('reads every page', async () => {
    const arn = await create();
    const names = Array.from({ length: 105 }, (_, at) => `alias/page-${String(at).padStart(3, '0')}`);
    for (const AliasName of names.slice(0, 50))
      await call('CreateAlias', { AliasName, TargetKeyId: partsOf(arn).keyId });
    const others = await Promise.all([create(), create()]);
    for (const AliasName of names.slice(50, 75)) {
      await call('CreateAlias', { AliasName, TargetKeyId: partsOf(others[0] ?? arn).keyId });
    }
    for (const AliasName of names.slice(75))
      await call('CreateAlias', { AliasName, TargetKeyId: partsOf(others[1] ?? arn).keyId });
    const found = (await world.reader.aliases(REGION)).map(({ name }) => name);
    expect(found.filter((name) => name.startsWith('alias/page-')).sort()).toEqual(names);
  });

  it('a change answers with AWS’s request id and clock', async () => {
    const arn = await create();
    const answer = await call('DisableKey', { KeyId: arn });
    expect(answer.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(isInstant(answer.serverTime)).toBe(true);
    expect((await world.reader.describe(REGION, arn))?.state).toBe('Disabled');
  });

  it('a no of AWS is REFUSED with its name, a denial is DENIED', async () => {
    const refused = call('DisableKey', { KeyId: NOWHERE });
    await expect(refused).rejects.toMatchObject({
      code: 'REFUSED',
      details: { awsCode: 'NotFoundException', maybeDone: false },
    });
    const arn = await create();
    const narrow = await world.authority.assumeExecutor(
      {
        roleArn: EXECUTOR,
        sourceIdentity: 'architect',
        sessionName: 'r-narrow',
        actions: ['kms:DisableKey'],
        resources: ['arn:aws:kms:eu-central-1:000000000000:key/none'],
      },
      warrantFor('DisableKey'),
    );
    const denied = narrow.call({ service: 'kms', region: REGION, operation: 'DisableKey', parameters: { KeyId: arn } });
    await expect(denied).rejects.toMatchObject({ code: 'DENIED', exit: 4 });
    expect((await world.reader.describe(REGION, arn))?.state).toBe('Enabled');
  });
});

/** Reads only. Wants credentials, a Region, CUSTODY_LIVE_ACCOUNT and permission to list and describe keys. */
describe.runIf(process.env.CUSTODY_LIVE === '1')('a KMS, AWS itself', () => {
  it('what it lists it can describe, and nothing is there twice', async () => {
    const aws = await openAws({
      environmentKind: 'aws',
      account: process.env.CUSTODY_LIVE_ACCOUNT ?? '',
      environment: process.env,
      timeoutMillis: 30_000,
    });
    const reader = createKeyReader(aws);
    const me = await createKeyAuthority(aws).whoAmI();
    expect(isInstant(me.serverTime)).toBe(true);
    expect(me.account).toBe(aws.account);
    const region = aws.region ?? '';
    const ids = await reader.keyIds(region);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids.slice(0, 3)) {
      expect(await reader.describe(region, id)).toMatchObject({ keyId: id, region, account: me.account });
      expect(await reader.policy(region, id)).toContain('Statement');
    }
    expect(await reader.describe(region, NOWHERE)).toBeNull();
    aws.close();
  });
});
