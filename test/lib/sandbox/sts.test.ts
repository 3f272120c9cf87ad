import { describe, expect, it } from 'vitest';
import type { RoleTagEffect } from '../../../src/lib/sandbox/sts/session.js';
import { ACCOUNT, assume, assumeWith, call, EXECUTOR, type Key, keyOf, openSandbox } from './support.js';

const SECOND = `arn:aws:iam::${ACCOUNT}:role/second`;

/** A role that the executor may enter, to see what a chain hands on. */
async function setUp(trust: Record<string, unknown> = {}, roleTags: RoleTagEffect = 'live') {
  const { sandbox } = openSandbox({ roleTags });
  const iam = (operation: string, input: Record<string, unknown>) =>
    call(sandbox, { key: keyOf(sandbox, 'admin'), service: 'iam' }, operation, input);
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: [EXECUTOR, `arn:aws:iam::${ACCOUNT}:role/Admin`] },
    Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
    ...trust,
  };
  const document = JSON.stringify({ Version: '2012-10-17', Statement: statement });
  await iam('CreateRole', { RoleName: 'second', AssumeRolePolicyDocument: document, MaxSessionDuration: 43_200 });
  const second = (key: Key, input: Record<string, unknown> = {}) =>
    assumeWith(sandbox, key, { RoleArn: SECOND, RoleSessionName: 'chain', ...input });
  const allow = (action: string, condition?: Record<string, unknown>) =>
    iam('PutRolePolicy', {
      RoleName: 'second',
      PolicyName: 'p',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Action: action, Resource: '*', Condition: condition },
      }),
    });
  const may = async (key: Key, input: Record<string, unknown> = { RoleName: 'app' }) =>
    (await call(sandbox, { key, service: 'iam' }, 'GetRole', input)).code === null;
  return { sandbox, iam, second, allow, may, admin: keyOf(sandbox, 'admin') };
}

describe('AssumeRole', () => {
  it('keeps the floor of 900 seconds, the maximum of the role and one hour for chains', async () => {
    const { sandbox, second } = await setUp();
    for (const seconds of [899, 0, -1, 43_201]) {
      expect((await assume(sandbox, 'architect', { DurationSeconds: seconds })).answer.code).toBe('ValidationError');
    }
    const { answer, session } = await assume(sandbox, 'architect');
    expect(answer.element('Expiration')).toBe('2026-01-31T09:15:00Z');
    expect((await assume(sandbox, 'architect', { DurationSeconds: 3601 })).answer.code).toBe('ValidationError');
    expect((await second(session, { DurationSeconds: 3600 })).answer.code).toBeNull();
    expect((await second(session, { DurationSeconds: 3601 })).answer.code).toBe('ValidationError');
  });

  it.each([
    ['RoleSessionName', 'a'],
    ['RoleSessionName', 'a b'],
    ['RoleSessionName', 'x'.repeat(65)],
    ['RoleSessionName', 'a/b'],
    ['SourceIdentity', 'aws:root'],
    ['SourceIdentity', 'x'.repeat(65)],
    ['RoleArn', 'arn:aws:iam::000000000000:user/bob-the-user'],
    ['Policy', `{"Statement":[${' '.repeat(2048)}]}`],
    ['PolicyArns', [{ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }]],
    ['TransitiveTagKeys', ['stray']],
  ])('refuses %s %j', async (name, value) => {
    const { sandbox } = openSandbox();
    expect((await assume(sandbox, 'architect', { [name]: value })).answer.code).toBe('ValidationError');
  });

  it('lets each seat in with its own SourceIdentity, and nobody else', async () => {
    const { sandbox } = openSandbox();
    for (const seat of ['architect', 'privacy', 'deputy']) {
      const { answer } = await assume(sandbox, seat);
      expect(answer.element('SourceIdentity')).toBe(seat);
    }
    for (const stranger of ['outsider', 'service', 'admin', 'executor']) {
      expect((await assume(sandbox, stranger)).answer.code).toBe('AccessDenied');
    }
  });

  it('answers for a role that is not there as for one that does not trust the caller', async () => {
    const { sandbox } = openSandbox();
    const nowhere = { RoleArn: `arn:aws:iam::${ACCOUNT}:role/nowhere` };
    expect((await assume(sandbox, 'admin', nowhere)).answer.code).toBe('AccessDenied');
  });

  it('T52 keeps SourceIdentity for good: one seat cannot speak for another, a chain hands it on', async () => {
    const { sandbox, second } = await setUp();
    const { answer } = await assume(sandbox, 'architect', { SourceIdentity: 'privacy' });
    expect(answer.code).toBe('AccessDenied');
    const { session } = await assume(sandbox, 'architect');
    expect((await second(session)).answer.element('SourceIdentity')).toBe('architect');
    expect((await second(session, { SourceIdentity: 'architect' })).answer.code).toBeNull();
    expect((await second(session, { SourceIdentity: 'privacy' })).answer.element('Message')).toContain(
      'sts:SetSourceIdentity',
    );
  });

  it('needs sts:SetSourceIdentity in the trust policy, to set one and to hand one on', async () => {
    const { sandbox, second, admin } = await setUp({ Action: 'sts:AssumeRole' });
    expect((await second(admin)).answer.code).toBeNull();
    expect((await second(admin, { SourceIdentity: 'me' })).answer.element('Message')).toContain(
      'sts:SetSourceIdentity',
    );
    const { session } = await assume(sandbox, 'architect');
    expect((await second(session)).answer.element('Message')).toContain('sts:SetSourceIdentity');
  });

  it('sees sts:SourceIdentity, sts:RoleSessionName and sts:ExternalId of the request', async () => {
    const Condition = {
      StringEquals: { 'sts:SourceIdentity': 'me', 'sts:RoleSessionName': 'chain', 'sts:ExternalId': 'secret' },
    };
    const { second, admin } = await setUp({ Condition });
    const good = { SourceIdentity: 'me', ExternalId: 'secret' };
    expect((await second(admin, good)).answer.code).toBeNull();
    for (const bad of [{ SourceIdentity: 'you' }, { ExternalId: 'other' }, { RoleSessionName: 'else' }]) {
      expect((await second(admin, { ...good, ...bad })).answer.code).toBe('AccessDenied');
    }
    expect((await second(admin, { SourceIdentity: 'me' })).answer.code).toBe('AccessDenied');
  });
});

describe('session tags', () => {
  it('are refused at the executor, whose role tags they would override', async () => {
    const { sandbox } = openSandbox();
    const { answer } = await assume(sandbox, 'architect', { Tags: [{ Key: 'custody:privacy:root', Value: 'x' }] });
    expect(answer.element('Message')).toMatch(/sts:TagSession.*with an explicit deny in a resource-based policy$/);
  });

  it('override tags of the role, whatever the case; transitive ones go on through a chain and stay', async () => {
    const { iam, second, allow, may, admin } = await setUp({
      Principal: { AWS: [`arn:aws:iam::${ACCOUNT}:role/Admin`, SECOND] },
    });
    await allow('*', { StringEquals: { 'aws:PrincipalTag/team': 'red' } });
    expect(await may((await second(admin)).session)).toBe(false);
    await iam('TagRole', { RoleName: 'second', Tags: [{ Key: 'team', Value: 'red' }] });
    expect(await may((await second(admin)).session)).toBe(true);
    expect(await may((await second(admin, { Tags: [{ Key: 'Team', Value: 'blue' }] })).session)).toBe(false);
    await iam('TagRole', { RoleName: 'second', Tags: [{ Key: 'team', Value: 'blue' }] });
    expect(await may((await second(admin, { Tags: [{ Key: 'Team', Value: 'red' }] })).session)).toBe(true);
    await iam('TagRole', { RoleName: 'second', Tags: [{ Key: 'team', Value: 'red' }] });
    const blue = { Tags: [{ Key: 'team', Value: 'blue' }], TransitiveTagKeys: ['team'] };
    const first = (await second(admin, blue)).session;
    expect(await may((await second(first)).session)).toBe(false);
    const red = { Tags: [{ Key: 'TEAM', Value: 'red' }] };
    expect((await second(first, red)).answer.code).toBe('InvalidParameterValue');
  });
});

describe('role tags and running sessions', () => {
  it.each([
    ['live', true],
    ['at-assume', false],
  ] as const)('%s: a later tag counts: %s', async (effect, counts) => {
    const { iam, second, allow, may, admin } = await setUp({}, effect);
    await allow('iam:*', { StringEquals: { 'aws:PrincipalTag/slot': 'full' } });
    const { session } = await second(admin);
    await iam('TagRole', { RoleName: 'second', Tags: [{ Key: 'slot', Value: 'full' }] });
    expect(await may(session)).toBe(counts);
    expect(await may((await second(admin)).session)).toBe(true);
  });
});

describe('a session policy', () => {
  it('narrows what the role may and never widens it', async () => {
    const { second, allow, may, admin } = await setUp();
    await allow('iam:*');
    const limit = (Action: string, Resource = '*') => ({
      Policy: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] }),
    });
    expect(await may((await second(admin)).session)).toBe(true);
    expect(await may((await second(admin, limit('iam:GetRole'))).session)).toBe(true);
    expect(await may((await second(admin, limit('kms:*'))).session)).toBe(false);
    await allow('kms:*');
    expect(await may((await second(admin, limit('*'))).session)).toBe(false);
    expect((await second(admin, { Policy: '{"Statement":1}' })).answer.code).toBe('MalformedPolicyDocument');
  });

  it('can end a session before the 900 seconds, by the clock of the sandbox', async () => {
    const { sandbox, second, allow, may, admin } = await setUp();
    await allow('iam:*');
    const Condition = { DateLessThan: { 'aws:CurrentTime': '2026-01-31T09:05:00Z' } };
    const Statement = [{ Effect: 'Allow', Action: '*', Resource: '*', Condition }];
    const { session } = await second(admin, { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) });
    expect(await may(session)).toBe(true);
    sandbox.advance(300);
    expect(await may(session)).toBe(false);
  });
});

describe('condition keys of every request', () => {
  it.each([
    ['aws:PrincipalArn', 'ArnEquals', SECOND],
    ['aws:PrincipalAccount', 'StringEquals', ACCOUNT],
    ['aws:PrincipalType', 'StringEquals', 'AssumedRole'],
    ['aws:userid', 'StringLike', 'AROA*:chain'],
    ['aws:SourceIdentity', 'StringEquals', 'me'],
    ['aws:SecureTransport', 'Bool', 'true'],
    ['aws:SourceIp', 'IpAddress', '127.0.0.0/8'],
    ['aws:RequestedRegion', 'StringEquals', 'eu-central-1'],
    ['aws:EpochTime', 'NumericLessThanEquals', '1769850000'],
    ['aws:CurrentTime', 'DateGreaterThanEquals', '2026-01-31T09:00:00Z'],
  ])('%s', async (key, operator, value) => {
    const { second, allow, may, admin } = await setUp();
    const { session } = await second(admin, { SourceIdentity: 'me' });
    await allow('iam:*', { [operator]: { [key]: value } });
    expect(await may(session)).toBe(true);
    await allow('iam:*', { Null: { [key]: 'true' } });
    expect(await may(session)).toBe(false);
  });
});
