import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { readAccountFile } from '../../../src/lib/inspect/account-file.js';

/** What `aws iam get-account-authorization-details` prints (IAM API reference, GetAccountAuthorizationDetails), as `--roles` takes it. */

const NOTHING = { Version: '2012-10-17', Statement: { Effect: 'Deny', Action: '*', Resource: '*' } };
const ARN = 'arn:aws:iam::111122223333:role/app';
const POLICY = 'arn:aws:iam::111122223333:policy/reads';
const role = (change: object = {}) => ({
  Arn: ARN,
  AssumeRolePolicyDocument: NOTHING,
  RolePolicyList: [{ PolicyName: 'own', PolicyDocument: NOTHING }],
  AttachedManagedPolicies: [{ PolicyName: 'reads', PolicyArn: POLICY }],
  ...change,
});
const user = (change: object = {}) => ({
  Arn: 'arn:aws:iam::111122223333:user/jane',
  UserPolicyList: [],
  GroupList: ['team'],
  AttachedManagedPolicies: [],
  ...change,
});
const group = {
  GroupName: 'team',
  GroupPolicyList: [{ PolicyName: 'of-team', PolicyDocument: NOTHING }],
  AttachedManagedPolicies: [],
};
const managed = {
  PolicyName: 'reads',
  Arn: POLICY,
  PolicyVersionList: [
    { VersionId: 'v2', IsDefaultVersion: false, Document: { ...NOTHING, Id: 'old' } },
    { VersionId: 'v1', IsDefaultVersion: true, Document: { ...NOTHING, Id: 'current' } },
  ],
};
const details = (change: object = {}) => ({
  IsTruncated: false,
  RoleDetailList: [role()],
  UserDetailList: [user()],
  GroupDetailList: [group],
  Policies: [managed],
  ...change,
});

const read = (value: unknown) =>
  readAccountFile(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), 'account.json');
const fault = (value: unknown): CustodyError => {
  try {
    read(value);
  } catch (cause) {
    if (cause instanceof CustodyError) return cause;
    throw cause;
  }
  throw new Error('it was read');
};

describe('an account in a file', () => {
  it('is every role with its trust, own and attached policies, in their default version, and every user with those of the groups', () => {
    const [app, jane, ...more] = read(details());
    expect(more).toEqual([]);
    expect(app).toMatchObject({ arn: ARN, boundary: null });
    expect(app?.trust?.statements).toHaveLength(1);
    expect(app?.identity?.map(({ name }) => name)).toEqual(['own', 'reads']);
    expect(app?.identity?.[1]?.document.statements).toHaveLength(1);
    expect(jane).toMatchObject({ trust: null });
    expect(jane?.identity?.map(({ name }) => name)).toEqual(['of-team']);
  });

  it('takes documents as the CLI prints them and as the API gives them, URL-encoded', () => {
    const encoded = encodeURIComponent(JSON.stringify(NOTHING));
    const [app] = read(details({ RoleDetailList: [role({ AssumeRolePolicyDocument: encoded })] }));
    expect(app?.trust).toEqual(read(details())[0]?.trust);
    const text = JSON.stringify(NOTHING);
    expect(read(details({ RoleDetailList: [role({ AssumeRolePolicyDocument: text })] }))[0]?.trust).toEqual(app?.trust);
  });

  it('has the boundary of a role, which has to be among its policies', () => {
    const bounded = role({
      PermissionsBoundary: { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: POLICY },
    });
    expect(read(details({ RoleDetailList: [bounded] }))[0]?.boundary).not.toBeNull();
    expect(fault(details({ RoleDetailList: [bounded], Policies: [] })).message).toContain(POLICY);
  });

  it('has no users where it lists none, and no groups or policies where nobody has any', () => {
    const plain = role({ AttachedManagedPolicies: [], RolePolicyList: undefined });
    expect(read({ RoleDetailList: [plain] })).toMatchObject([{ arn: ARN, identity: [] }]);
  });

  it('T43 is refused where it is one page of several: someone could be missing', () => {
    expect(fault(details({ IsTruncated: true, Marker: 'x' }))).toMatchObject({ code: 'USAGE' });
  });

  it.each<[string, unknown, string]>([
    ['no JSON', '{"RoleDetailList":[', 'account.json'],
    ['a list', [role()], 'an object'],
    ['a name twice', '{"RoleDetailList":[],"RoleDetailList":[]}', 'RoleDetailList'],
    ['nothing of it', {}, 'RoleDetailList'],
    ['roles that are no list', details({ RoleDetailList: { 0: role() } }), 'RoleDetailList'],
    ['a role that is none', details({ RoleDetailList: ['app'] }), 'an object'],
    ['a role without its ARN', details({ RoleDetailList: [role({ Arn: undefined })] }), 'Arn'],
    ['a role with an empty ARN', details({ RoleDetailList: [role({ Arn: '' })] }), 'Arn'],
    [
      'a role without its trust',
      details({ RoleDetailList: [role({ AssumeRolePolicyDocument: undefined })] }),
      'a policy document',
    ],
    [
      'a trust policy that is a number',
      details({ RoleDetailList: [role({ AssumeRolePolicyDocument: 7 })] }),
      'a policy document',
    ],
    [
      'a trust policy without statements',
      details({ RoleDetailList: [role({ AssumeRolePolicyDocument: { Version: '2012-10-17' } })] }),
      'Statement',
    ],
    [
      'inline policies that are no list',
      details({ RoleDetailList: [role({ RolePolicyList: 'own' })] }),
      'RolePolicyList',
    ],
    [
      'an inline policy without a name',
      details({ RoleDetailList: [role({ RolePolicyList: [{ PolicyDocument: NOTHING }] })] }),
      'PolicyName',
    ],
    [
      'an inline policy without a document',
      details({ RoleDetailList: [role({ RolePolicyList: [{ PolicyName: 'own' }] })] }),
      'a policy document',
    ],
    ['an attached policy that is not there', details({ Policies: [] }), POLICY],
    [
      'an attached policy without a default version',
      details({ Policies: [{ ...managed, PolicyVersionList: [managed.PolicyVersionList[0]] }] }),
      POLICY,
    ],
    [
      'an attached policy without versions',
      details({ Policies: [{ ...managed, PolicyVersionList: undefined }] }),
      POLICY,
    ],
    [
      'a default version that only looks like one',
      details({ Policies: [{ ...managed, PolicyVersionList: [{ IsDefaultVersion: 'true', Document: NOTHING }] }] }),
      POLICY,
    ],
    ['a policy without its ARN', details({ Policies: [{ ...managed, Arn: undefined }] }), 'Arn'],
    ['users that are no list', details({ UserDetailList: 'jane' }), 'UserDetailList'],
    ['a user without an ARN', details({ UserDetailList: [user({ Arn: undefined })] }), 'Arn'],
    ['a user in a group that is not there', details({ GroupDetailList: [] }), 'the group team'],
    ['a group without a name', details({ GroupDetailList: [{ ...group, GroupName: undefined }] }), 'GroupName'],
    [
      'a document with an element twice',
      JSON.stringify(details()).replace('"Effect":"Deny"', '"Effect":"Deny","Effect":"Allow"'),
      'Effect',
    ],
  ])('is refused with %s', (_, value, named) => {
    const found = fault(value);
    expect(found.code).toBe('POLICY_MALFORMED');
    expect(found.message).toContain(named);
  });
});
