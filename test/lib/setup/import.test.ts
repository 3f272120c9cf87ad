import { describe, expect, it } from 'vitest';
import { createKeyReader } from '../../../src/lib/aws/kms-reader.js';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { importAccount } from '../../../src/lib/setup/import.js';
import { anyWriter } from '../../support/any-writer.js';
import { ACCOUNT, keyArnIn, openWorld, REGION, scratch } from '../aws/support.js';

const folder = scratch();
const silent = () => undefined;
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const ROOT = {
  Sid: 'Root',
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
  Action: 'kms:*',
  Resource: '*',
};

async function openAccount() {
  const { sandbox, as } = openWorld(folder);
  const aws = await as('admin');
  const writer = anyWriter(aws);
  const call = (operation: string, parameters: JsonObject, region = REGION) =>
    writer.call({ service: 'kms', region, operation, parameters });
  const make = async (parameters: JsonObject, alias?: string, region = REGION) => {
    const arn = keyArnIn(await call('CreateKey', parameters, region));
    if (alias) await call('CreateAlias', { AliasName: alias, TargetKeyId: arn }, region);
    return arn;
  };
  return { sandbox, call, make, reader: createKeyReader(aws) };
}

const policy = (...statements: JsonObject[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [ROOT, ...statements] });

describe('plan import', () => {
  it('drafts the hierarchy, users from the policy and from CloudTrail, and says who can change a key alone', async () => {
    const { call, make, reader } = await openAccount();
    const use = {
      Effect: 'Allow',
      Principal: { AWS: role('app') },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: '*',
      Condition: { StringEquals: { 'kms:EncryptionContext:purpose': 'orders' } },
    };
    const change = {
      Sid: 'Ops',
      Effect: 'Allow',
      Principal: { AWS: role('Admin') },
      Action: 'kms:Put*',
      Resource: '*',
    };
    const orders = await make(
      { Description: 'Orders', Policy: policy(use, change), Tags: [{ TagKey: 'team', TagValue: 'shop' }] },
      'alias/shop/Orders_DB',
    );
    const root = await make({ MultiRegion: true }, 'alias/root');
    await call('EnableKeyRotation', { KeyId: orders, RotationPeriodInDays: 180 });
    const seen = [
      { key: orders, roleArn: role('batch'), operation: 'Encrypt', viaService: null, encryptionContext: {} },
      { key: orders, roleArn: role('app'), operation: 'DescribeKey', viaService: null, encryptionContext: {} },
    ];
    const report = await importAccount(reader, [REGION, 'eu-west-1'], seen, silent);
    expect(report.unread).toEqual([]);
    expect(Object.keys(report.keys)).toEqual(['root', 'orders-db']);
    expect(report.names.get(root)).toBe('root');
    expect(report.keys.root).toMatchObject({
      parent: null,
      multiRegion: true,
      rotation: { automatic: false, periodDays: 365 },
    });
    expect(report.keys['orders-db']).toEqual({
      alias: 'alias/shop/Orders_DB',
      purpose: 'Orders',
      owner: 'Not known',
      parent: 'root',
      origin: 'AWS_KMS',
      multiRegion: false,
      replicas: [],
      rotation: { automatic: true, periodDays: 180 },
      originatorUsageDays: 180,
      recipientUsageDays: 1275,
      users: [
        {
          roleArn: role('app'),
          may: ['decrypt', 'generate-data-key', 'describe'],
          encryptionContext: { purpose: 'orders' },
          viaService: null,
        },
        { roleArn: role('batch'), may: ['encrypt'], encryptionContext: {}, viaService: null },
      ],
      dualControl: 'none',
      tags: { team: 'shop' },
    });
    const notes = report.notes['orders-db']?.map(({ kind, text }) => `${kind}: ${text}`) ?? [];
    expect(notes).toContainEqual(expect.stringMatching(/^changers: Admin can change it alone: Put\*$/));
    expect(notes).toContainEqual(expect.stringMatching(/^delegated: /));
    expect(report.notes.root).toContainEqual({ kind: 'rotation', text: 'it does not rotate by itself' });
  });

  it('leaves out what a plan cannot hold, with the reason, and changes nothing', async () => {
    const { sandbox, call, make, reader } = await openAccount();
    const kept = await make({}, 'alias/a');
    const [signing, dying, elsewhere, primary] = [
      await make({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
      await make({}),
      await make({}, 'alias/a', 'eu-west-1'),
      await make({ MultiRegion: true }, undefined, 'eu-west-1'),
    ];
    await call('ScheduleKeyDeletion', { KeyId: dying, PendingWindowInDays: 7 });
    await call('ReplicateKey', { KeyId: primary, ReplicaRegion: REGION }, 'eu-west-1');
    sandbox.advance(60);
    const state = () => JSON.stringify([...sandbox.status().regions]);
    const before = state();
    const report = await importAccount(reader, [REGION, 'eu-west-1'], [], silent);
    expect(state()).toBe(before);
    expect([...report.names.keys()]).toEqual([kept]);
    const because = new Map(report.left.map((item) => [item.arn, item.because]));
    expect(because.get(signing)).toContain('symmetric');
    expect(because.get(dying)).toContain('deleted');
    expect(because.get(elsewhere)).toContain('eu-west-1');
    expect(because.get(primary)).toContain('eu-west-1');
    expect(because.get(primary.replace('eu-west-1', REGION))).toContain('replica');
    expect(report.left).toHaveLength(5);
  });

  it('does not take the roles of custodians and executor for users of a key', async () => {
    const { make, reader } = await openAccount();
    const read = {
      Effect: 'Allow',
      Principal: { AWS: [role('Admin'), role('app')] },
      Action: ['kms:DescribeKey', 'kms:Encrypt'],
      Resource: '*',
    };
    const arn = await make({ Policy: policy(read) }, 'alias/orders');
    const used = { key: arn, operation: 'Decrypt', viaService: null, encryptionContext: {} };
    const seen = [{ ...used, roleArn: role('executor') }];
    const own = new Set([role('Admin'), role('executor')]);
    const { keys } = await importAccount(reader, [REGION], seen, silent, own);
    expect(keys.orders?.users.map(({ roleArn }) => roleArn)).toEqual([role('app')]);
  });

  it('T43 says what could not be read, and never takes it for nothing', async () => {
    const { sandbox, make, reader } = await openAccount();
    const denied = JSON.stringify({
      Version: '2012-10-17',
      Statement: [ROOT, { Effect: 'Deny', Principal: '*', Action: 'kms:GetKeyPolicy', Resource: '*' }],
    });
    const arn = await make({ Policy: denied }, 'alias/a');
    sandbox.setRegion('eu-west-1', false);
    const report = await importAccount(reader, [REGION, 'eu-west-1'], [], silent);
    expect(report.keys).toEqual({});
    expect(report.unread).toEqual([
      expect.stringContaining(arn.split('/')[1] ?? ''),
      expect.stringContaining('keys of eu-west-1'),
    ]);
  });

  it('numbers names that would be the same, and takes 16 keys at most', async () => {
    const { make, reader } = await openAccount();
    for (let at = 0; at < 17; at++) await make({}, `alias/team-${at}/orders`);
    const unnamed = await make({});
    const report = await importAccount(reader, [REGION], [], silent);
    expect(Object.keys(report.keys)).toHaveLength(16);
    expect(Object.keys(report.keys).slice(0, 3)).toEqual(['orders', 'orders-2', 'orders-3']);
    expect(report.left).toHaveLength(2);
    expect(report.left.map(({ arn }) => arn)).toContain(unnamed);
  });
});
