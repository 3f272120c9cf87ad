import { describe, expect, it } from 'vitest';
import { ACCOUNT, assume, call, keyOf, openSandbox } from './support.js';

const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/Admin` }, Action: 'sts:AssumeRole' }],
});
const ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';

function setUp() {
  const opened = openSandbox();
  const as =
    (profile: string) =>
    (operation: string, input: Record<string, unknown> = {}) =>
      call(opened.sandbox, { key: keyOf(opened.sandbox, profile), service: 'iam' }, operation, input);
  return { ...opened, as, admin: as('admin') };
}

it('errors are in the namespace of the service that was asked', async () => {
  const { sandbox, admin } = setUp();
  expect((await admin('GetRole', { RoleName: 'ci' })).text).toContain(
    '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">',
  );
  const sts = await call(sandbox, { key: keyOf(sandbox, 'admin'), service: 'sts' }, 'AssumeRole');
  expect(sts.text).toContain('<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">');
});

describe('roles', () => {
  it('are made, shown, and deleted once their policies are gone', async () => {
    const { admin } = setUp();
    const made = await admin('CreateRole', {
      RoleName: 'ci',
      AssumeRolePolicyDocument: TRUST,
      MaxSessionDuration: 7200,
    });
    expect(made.element('RoleId')).toMatch(/^AROA[A-Z0-9]{17}$/);
    expect(made.element('CreateDate')).toBe('2026-01-31T09:00:00Z');
    expect((await admin('CreateRole', { RoleName: 'CI', AssumeRolePolicyDocument: TRUST })).code).toBe(
      'EntityAlreadyExists',
    );
    await admin('PutRolePolicy', { RoleName: 'ci', PolicyName: 'p', PolicyDocument: ALLOW_ALL });
    expect((await admin('DeleteRole', { RoleName: 'ci' })).code).toBe('DeleteConflict');
    await admin('DeleteRolePolicy', { RoleName: 'ci', PolicyName: 'p' });
    expect((await admin('DeleteRole', { RoleName: 'ci' })).code).toBeNull();
    expect((await admin('GetRole', { RoleName: 'ci' })).code).toBe('NoSuchEntity');
  });

  it('T58 made again under the same name are somebody else: their old sessions end', async () => {
    const { sandbox, admin } = setUp();
    const { session } = await assume(sandbox, 'architect');
    const who = () => call(sandbox, { key: session, service: 'sts' }, 'GetCallerIdentity');
    expect((await who()).code).toBeNull();
    const before = (await admin('GetRole', { RoleName: 'custody-executor' })).element('RoleId');
    await admin('DeleteRolePolicy', { RoleName: 'custody-executor', PolicyName: 'executor' });
    await admin('DeleteRole', { RoleName: 'custody-executor' });
    expect((await who()).code).toBe('InvalidClientTokenId');
    await admin('CreateRole', { RoleName: 'custody-executor', AssumeRolePolicyDocument: TRUST });
    expect((await admin('GetRole', { RoleName: 'custody-executor' })).element('RoleId')).not.toBe(before);
    expect((await who()).code).toBe('InvalidClientTokenId');
  });

  it.each([
    ['not JSON', '{'],
    ['no principal', '{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}'],
    ['a resource', TRUST.replace('"Action"', '"Resource":"*","Action"')],
    ['an action beyond STS', TRUST.replace('sts:AssumeRole', 'kms:*')],
    ['a name twice', TRUST.replace('"Effect"', '"Effect":"Deny","Effect"')],
  ])('refuse a trust policy with %s', async (_name, document) => {
    const { admin } = setUp();
    const made = await admin('CreateRole', { RoleName: 'ci', AssumeRolePolicyDocument: document });
    const changed = await admin('UpdateAssumeRolePolicy', { RoleName: 'Admin', PolicyDocument: document });
    expect([made.code, changed.code]).toEqual(['MalformedPolicyDocument', 'MalformedPolicyDocument']);
  });

  it('refuse names, numbers and members that they cannot have, never ignoring one', async () => {
    const { admin } = setUp();
    const create = async (input: object) =>
      (await admin('CreateRole', { RoleName: 'ci', AssumeRolePolicyDocument: TRUST, ...input })).code;
    for (const RoleName of ['', 'a b', 'x'.repeat(65), '../up'])
      expect(await create({ RoleName })).toBe('ValidationError');
    for (const MaxSessionDuration of ['3599', '43201', '1e9', '-1']) {
      expect(await create({ MaxSessionDuration })).toBe('ValidationError');
    }
    expect(await create({ PermissionsBoundary: 'arn:aws:iam::aws:policy/X' })).toBe('NoSuchEntity');
    expect(await create({ Path: 'no-slash' })).toBe('ValidationError');
  });
});

describe('inline policies', () => {
  it('are kept as they were put, listed and deleted', async () => {
    const { admin } = setUp();
    await admin('PutRolePolicy', { RoleName: 'app', PolicyName: 'extra', PolicyDocument: ALLOW_ALL });
    const got = await admin('GetRolePolicy', { RoleName: 'app', PolicyName: 'extra' });
    expect(decodeURIComponent(got.element('PolicyDocument'))).toBe(ALLOW_ALL);
    expect((await admin('ListRolePolicies', { RoleName: 'app' })).text).toContain(
      '<member>extra</member><member>service</member>',
    );
    expect((await admin('ListAttachedRolePolicies', { RoleName: 'app' })).text).toContain(
      '<AttachedPolicies></AttachedPolicies>',
    );
    await admin('DeleteRolePolicy', { RoleName: 'app', PolicyName: 'extra' });
    for (const name of ['extra', 'constructor']) {
      expect((await admin('GetRolePolicy', { RoleName: 'app', PolicyName: name })).code).toBe('NoSuchEntity');
      expect((await admin('DeleteRolePolicy', { RoleName: 'app', PolicyName: name })).code).toBe('NoSuchEntity');
    }
  });

  it('decide at once what the role may', async () => {
    const { as, admin } = setUp();
    expect((await as('service')('GetRole', { RoleName: 'app' })).code).toBe('AccessDenied');
    await admin('PutRolePolicy', { RoleName: 'app', PolicyName: 'extra', PolicyDocument: ALLOW_ALL });
    expect((await as('service')('GetRole', { RoleName: 'app' })).code).toBeNull();
    const deny = ALLOW_ALL.replace('"Allow"', '"Deny"');
    await admin('PutRolePolicy', { RoleName: 'app', PolicyName: 'stop', PolicyDocument: deny });
    expect((await as('service')('GetRole', { RoleName: 'app' })).element('Message')).toBe(
      `User: arn:aws:sts::${ACCOUNT}:assumed-role/app/service is not authorized to perform: iam:GetRole on resource: arn:aws:iam::${ACCOUNT}:role/app with an explicit deny in an identity-based policy`,
    );
  });

  it('refuse principals, missing resources and more than 10,240 characters', async () => {
    const { admin } = setUp();
    const put = async (document: string) =>
      (await admin('PutRolePolicy', { RoleName: 'app', PolicyName: 'p', PolicyDocument: document })).code;
    expect(await put(TRUST)).toBe('MalformedPolicyDocument');
    expect(await put('{"Statement":[{"Effect":"Allow","Action":"*"}]}')).toBe('MalformedPolicyDocument');
    expect(await put(ALLOW_ALL.replace('"*"}', `"arn:${'x'.repeat(4000)}"}`))).toBeNull();
    const long = JSON.stringify(Array(3).fill(`arn:${'x'.repeat(4000)}`));
    expect(await put(ALLOW_ALL.replace('"Resource":"*"', `"Resource":${long}`))).toBe('LimitExceeded');
  });
});

describe('tags of roles', () => {
  const tag = (Key: string, Value = 'v') => ({ Key, Value });

  it('T57 keep one entry a key, whatever its case', async () => {
    const { admin } = setUp();
    await admin('TagRole', { RoleName: 'custody-executor', Tags: [tag('custody:architect:root', 'one')] });
    await admin('TagRole', { RoleName: 'custody-executor', Tags: [tag('Custody:Architect:Root', 'two')] });
    const listed = (await admin('ListRoleTags', { RoleName: 'custody-executor' })).text;
    expect(listed.match(/<Key>/g)).toHaveLength(1);
    expect(listed).toContain('<Key>Custody:Architect:Root</Key><Value>two</Value>');
    await admin('UntagRole', { RoleName: 'custody-executor', TagKeys: ['CUSTODY:architect:root'] });
    expect((await admin('ListRoleTags', { RoleName: 'custody-executor' })).text).not.toContain('<Key>');
  });

  it('are 50 at most', async () => {
    const { admin } = setUp();
    const fifty = Array.from({ length: 50 }, (_, at) => tag(`k${at}`));
    expect((await admin('TagRole', { RoleName: 'app', Tags: fifty })).code).toBeNull();
    expect((await admin('TagRole', { RoleName: 'app', Tags: [tag('K7', 'new')] })).code).toBeNull();
    expect((await admin('TagRole', { RoleName: 'app', Tags: [tag('more')] })).code).toBe('LimitExceeded');
  });

  it.each([
    ['a key of 129', [tag('k'.repeat(129))], 'ValidationError'],
    ['a value of 257', [tag('k', 'v'.repeat(257))], 'ValidationError'],
    ['a reserved key', [tag('AWS:key')], 'ValidationError'],
    ['a control character', [tag('k\u001b')], 'ValidationError'],
    ['an asterisk', [tag('k', '*')], 'ValidationError'],
    ['a key twice in two cases', [tag('k'), tag('K')], 'InvalidInput'],
    ['none', [], 'ValidationError'],
    ['one of 51', Array.from({ length: 51 }, (_, at) => tag(`k${at}`)), 'ValidationError'],
  ])('are refused with %s', async (_name, Tags, code) => {
    const { admin } = setUp();
    expect((await admin('TagRole', { RoleName: 'app', Tags })).code).toBe(code);
  });

  it('T57 obey a policy that lists exact tag keys', async () => {
    const { as, admin } = setUp();
    const own = {
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Action: ['iam:TagRole', 'iam:UntagRole'],
        Resource: '*',
        Condition: {
          'ForAllValues:StringEquals': { 'aws:TagKeys': ['custody:architect:root'] },
          Null: { 'aws:TagKeys': 'false' },
          StringEquals: { 'aws:SourceIdentity': 'architect' },
        },
      },
    };
    await admin('PutRolePolicy', {
      RoleName: 'SecurityArchitect',
      PolicyName: 'own',
      PolicyDocument: JSON.stringify(own),
    });
    const plant = async (...keys: string[]) =>
      (await as('architect')('TagRole', { RoleName: 'custody-executor', Tags: keys.map((key) => tag(key)) })).code;
    expect(await plant('custody:architect:root')).toBeNull();
    expect(await plant('custody:privacy:root')).toBe('AccessDenied');
    expect(await plant('custody:architect:root', 'custody:privacy:root')).toBe('AccessDenied');
  });
});

describe('what a stranger learns', () => {
  it('is the same refusal for roles that exist and roles that do not', async () => {
    const { as } = setUp();
    for (const operation of ['GetRole', 'DeleteRole', 'ListRoleTags', 'ListRolePolicies']) {
      const real = await as('outsider')(operation, { RoleName: 'Admin' });
      const absent = await as('outsider')(operation, { RoleName: 'Nobody' });
      expect([real.code, absent.code]).toEqual(['AccessDenied', 'AccessDenied']);
    }
  });

  it('is that users do not exist here', async () => {
    const { admin } = setUp();
    expect((await admin('GetUser')).code).toBe('ValidationError');
    expect((await admin('GetUser', { UserName: 'bob' })).code).toBe('NoSuchEntity');
  });
});
