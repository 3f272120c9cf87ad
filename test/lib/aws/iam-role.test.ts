import { beforeAll, describe, expect, it } from 'vitest';
import type { AwsConnection } from '../../../src/lib/aws/connection.js';
import { createAccountReader } from '../../../src/lib/aws/iam-account.js';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { ACCOUNT, openCanned, openWorld, scratch } from './support.js';

const folder = scratch();
const roleArn = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const policyArn = (name: string) => `arn:aws:iam::${ACCOUNT}:policy/${name}`;
const allowing = (...actions: readonly string[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: actions, Resource: '*' } });
const ONE_BY_ONE = [
  'iam:GetRole',
  'iam:ListRolePolicies',
  'iam:GetRolePolicy',
  'iam:ListAttachedRolePolicies',
  'iam:GetPolicy',
  'iam:GetPolicyVersion',
];

let admin: AwsConnection;
let as: ReturnType<typeof openWorld>['as'];

beforeAll(async () => {
  const world = openWorld(folder);
  as = world.as;
  admin = await as('admin');
  await admin
    .iam()
    .read('CreatePolicy', (sdk, client) =>
      client.send(new sdk.CreatePolicyCommand({ PolicyName: 'limit', PolicyDocument: allowing('kms:*') })),
    );
  await admin
    .iam()
    .read('CreatePolicy', (sdk, client) =>
      client.send(new sdk.CreatePolicyCommand({ PolicyName: 'reads', PolicyDocument: allowing('kms:DescribeKey') })),
    );
  await admin
    .iam()
    .read('AttachRolePolicy', (sdk, client) =>
      client.send(new sdk.AttachRolePolicyCommand({ RoleName: 'app', PolicyArn: policyArn('reads') })),
    );
  await admin.iam().read('CreateRole', (sdk, client) =>
    client.send(
      new sdk.CreateRoleCommand({
        RoleName: 'bounded',
        Path: '/team/',
        PermissionsBoundary: policyArn('limit'),
        AssumeRolePolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: { Effect: 'Allow', Principal: { AWS: roleArn('app') }, Action: 'sts:AssumeRole' },
        }),
      }),
    ),
  );
});

/** What the outsider may read from now on. */
async function outsiderMay(actions: readonly string[]) {
  await admin.iam().read('PutRolePolicy', (sdk, client) =>
    client.send(
      new sdk.PutRolePolicyCommand({
        RoleName: 'outsider',
        PolicyName: 'reads',
        PolicyDocument: allowing(...actions),
      }),
    ),
  );
  return createAccountReader(await as('outsider'));
}

describe('a role, call by call', () => {
  it('is what the list of the account says of it: trust, inline and attached policies, boundary', async () => {
    const everyone = await createAccountReader(admin).identities();
    const reader = await outsiderMay(ONE_BY_ONE);
    await expect(reader.identities()).rejects.toMatchObject({ code: 'DENIED' });
    for (const arn of [roleArn('app'), roleArn('team/bounded'), roleArn('custody-executor')]) {
      const listed = everyone.find((one) => one.arn === arn);
      expect(listed, arn).toBeDefined();
      expect(await reader.role(arn), arn).toEqual(listed);
    }
    expect((await reader.role(roleArn('app')))?.policies?.map(({ name }) => name)).toContain('reads');
    expect((await reader.role(roleArn('team/bounded')))?.boundary?.name).toBe('limit');
  });

  it('is nobody where there is none, or where the name is that of a role in another path (T58)', async () => {
    const reader = await outsiderMay(ONE_BY_ONE);
    expect(await reader.role(roleArn('nobody'))).toBeNull();
    expect(await reader.role(roleArn('bounded'))).toBeNull();
    expect(await reader.role(roleArn('elsewhere/app'))).toBeNull();
  });

  it.each(ONE_BY_ONE.slice(1))(
    'has no policies that are known without %s, and its trust all the same',
    async (gone) => {
      const reader = await outsiderMay(ONE_BY_ONE.filter((one) => one !== gone));
      // Of this one each call is made: it has inline and attached policies.
      const role = await reader.role(roleArn('app'));
      expect(role).toMatchObject({ policies: null, boundary: null });
      expect(role?.trust).toContain('Statement');
    },
  );

  it('is denied where not even the role itself may be read', async () => {
    const reader = await outsiderMay(['kms:ListKeys']);
    await expect(reader.role(roleArn('app'))).rejects.toBeInstanceOf(CustodyError);
    await expect(reader.role(roleArn('app'))).rejects.toMatchObject({ code: 'DENIED' });
  });

  it.each([
    ['no role', '<GetRoleResponse><GetRoleResult></GetRoleResult></GetRoleResponse>'],
    [
      'a role without its trust policy',
      `<GetRoleResponse><GetRoleResult><Role><Arn>${roleArn('app')}</Arn></Role></GetRoleResult></GetRoleResponse>`,
    ],
    [
      'a trust policy without its role',
      '<GetRoleResponse><GetRoleResult><Role><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>',
    ],
  ])('is not taken from an answer that has %s', async (_, body) => {
    const { aws } = await openCanned([{ headers: { 'content-type': 'text/xml' }, body }]);
    await expect(createAccountReader(aws).role(roleArn('app'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
