import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { findingText } from '../../../../src/lib/policy/proof/docket.js';
import type { AccountPrincipal, ProofSubject } from '../../../../src/lib/policy/proof/subject.js';
import { prove } from '../../../../src/lib/policy/prove.js';
import { ACCOUNT } from '../cases.js';
import { ALL, arnOf, keyOf, roleOf } from './world.js';

const root = `arn:aws:iam::${ACCOUNT}:root`;

function allow(
  sid: string,
  principal: JsonObject | string,
  action: string | readonly string[],
  condition?: JsonObject,
) {
  const statement = { Sid: sid, Effect: 'Allow', Principal: principal, Action: action, Resource: '*' };
  return condition === undefined ? statement : { ...statement, Condition: condition };
}

function proofOf(statements: readonly JsonObject[], principals: readonly AccountPrincipal[] | null = null) {
  return provenOf(statements, principals).claims;
}

function provenOf(statements: readonly JsonObject[], principals: readonly AccountPrincipal[] | null = null) {
  const key = keyOf(
    { Version: '2012-10-17', Statement: statements },
    { users: null, classes: [], grants: 'not-asked' },
  );
  const subject: ProofSubject = {
    account: ACCOUNT,
    keys: [key],
    interlock: null,
    principals,
    serviceControlPolicies: null,
    resourceControlPolicies: null,
  };
  return prove(subject);
}

function sentences(claims: ReturnType<typeof proofOf>, id = 'no-direct-change'): readonly string[] {
  return claims.find((claim) => claim.id === id)?.findings.map(findingText) ?? [];
}

const DEFAULT = allow('Enable IAM User Permissions', { AWS: root }, 'kms:*');
const ADMIN = allow('Admin', { AWS: arnOf('ci-admin') }, ['kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion']);

describe("prove, over anyone's key policy", () => {
  it('says who alone can change the key, and by which statement', () => {
    const read = allow('Read', { AWS: arnOf('app') }, 'kms:DescribeKey');
    expect(sentences(proofOf([read, ADMIN]))).toEqual([
      'role/ci-admin can kms:PutKeyPolicy and kms:ScheduleKeyDeletion alone, because statement 2 "Admin" of the key policy allows it',
    ]);
  });

  it("hands AWS's default policy to the account: its root user, and whomever its own policies let", () => {
    const found = sentences(proofOf([DEFAULT]));
    expect(found).toHaveLength(2);
    expect(found[0]).toMatch(/^the root user of account 111122223333 can kms:PutKeyPolicy, .* and 19 more alone/);
    expect(found[1]).toMatch(/^anyone of the account whom its own policies let can kms:PutKeyPolicy/);
  });

  it('names who that is where the account was read, with the policy that lets them', () => {
    const dev = roleOf(arnOf('dev'), ALL_TRUST, {
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*' },
    });
    const admin = roleOf(arnOf('Admin'), FEDERATED_TRUST, ALL);
    const found = sentences(proofOf([DEFAULT], [dev, admin]));
    expect(found[0]).toContain('role/Admin can kms:PutKeyPolicy');
    expect(found[0]).toContain('lets the account decide, and statement 1 of the policy allows it');
    expect(found.filter((text) => text.includes('role/dev') || text.includes('anyone'))).toEqual([]);
  });

  it('follows who can become whom', () => {
    const chain = (name: string, from: string) =>
      roleOf(
        arnOf(name),
        {
          Version: '2012-10-17',
          Statement: { Effect: 'Allow', Principal: { AWS: arnOf(from) }, Action: 'sts:AssumeRole' },
        },
        NOTHING,
      );
    const found = sentences(
      proofOf(
        [ADMIN],
        [chain('ci-admin', 'build'), chain('build', 'dev'), roleOf(arnOf('dev'), FEDERATED_TRUST, NOTHING)],
      ),
    );
    expect(found.slice(1)).toEqual([
      'role/build can kms:PutKeyPolicy and kms:ScheduleKeyDeletion by becoming role/ci-admin, whose trust policy lets it',
      'role/dev can kms:PutKeyPolicy and kms:ScheduleKeyDeletion by becoming role/build, whose trust policy lets it',
    ]);
  });

  it.each<[string, JsonObject, RegExp]>([
    ['everyone', allow('Open', '*', 'kms:*'), /^anyone of another account can kms:PutKeyPolicy/],
    [
      'NotPrincipal',
      {
        ...allow('But', '*', 'kms:PutKeyPolicy'),
        Principal: undefined,
        NotPrincipal: { AWS: arnOf('x') },
      } as unknown as JsonObject,
      /^anyone of another account can/,
    ],
    [
      'a session',
      allow('S', { AWS: `arn:aws:sts::${ACCOUNT}:assumed-role/ops/bob` }, 'kms:PutKeyPolicy'),
      /assumed-role\/ops\/bob can kms:PutKeyPolicy/,
    ],
    [
      'a service',
      allow('S', { Service: 'ec2.amazonaws.com' }, 'kms:PutKeyPolicy'),
      /^ec2.amazonaws.com can kms:PutKeyPolicy/,
    ],
    [
      'another account',
      allow('F', { AWS: 'arn:aws:iam::999988887777:root' }, 'kms:DisableKey'),
      /999988887777 can kms:DisableKey/,
    ],
    [
      'a caller by pattern',
      allow('P', '*', 'kms:PutKeyPolicy', { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/Ops*` } }),
      /role\/Opsany can kms:PutKeyPolicy/,
    ],
    [
      'a magic tag',
      allow('T', { AWS: arnOf('app') }, 'kms:PutKeyPolicy', { StringEquals: { 'aws:PrincipalTag/door': 'open' } }),
      /when aws:principaltag\/door is "open"/,
    ],
    ['an operation to come', allow('L', { AWS: arnOf('app') }, 'kms:Any*'), /role\/app can kms:AnyLaterOperation/],
  ])('finds %s', (_what, statement, expected) => {
    expect(sentences(proofOf([statement])).join('\n')).toMatch(expected);
  });

  it('believes a Deny that holds always, and not one that can be avoided', () => {
    const deny = (condition?: JsonObject) => ({ ...allow('No', '*', 'kms:*', condition), Effect: 'Deny' });
    expect(sentences(proofOf([ADMIN, deny()]))).toEqual([]);
    const found = sentences(proofOf([ADMIN, deny({ NotIpAddress: { 'aws:SourceIp': '203.0.113.0/24' } })]));
    expect(found.join()).toMatch(/role\/ci-admin can kms:PutKeyPolicy/);
  });

  it('claims nothing where an operator is not known', () => {
    const odd = allow('Odd', { AWS: arnOf('app') }, 'kms:PutKeyPolicy', { StringMatches: { 'aws:x': 'y' } });
    const claim = proofOf([odd]).find(({ id }) => id === 'no-direct-change');
    expect(claim?.status).toBe('unproven');
    expect(claim?.findings.map(findingText)).toEqual([
      'whether role/app can kms:PutKeyPolicy alone is not told: statement 1 has the operator StringMatches, which AWS does not have',
    ]);
  });

  it('claims nothing about an unknown operator on what is known, either', () => {
    const odd = allow('Odd', { AWS: arnOf('app') }, 'kms:PutKeyPolicy', { StringMatches: { 'aws:PrincipalArn': 'y' } });
    expect(proofOf([odd]).find(({ id }) => id === 'no-direct-change')?.status).toBe('unproven');
  });

  it('finds grants that hand the key on, and leaves alone those for AWS services', () => {
    const app = { AWS: arnOf('app') };
    const service = allow('G', app, 'kms:CreateGrant', { Bool: { 'kms:GrantIsForAWSResource': 'true' } });
    expect(sentences(proofOf([service]), 'no-power-around')).toEqual([]);
    expect(sentences(proofOf([allow('G', app, 'kms:CreateGrant')]), 'no-power-around')[0]).toMatch(
      /role\/app can kms:CreateGrant for itself/,
    );
  });

  it('T56 finds ReEncrypt to a key of one’s own, but not with those who may decrypt anyway', () => {
    const claim = (actions: readonly string[]) =>
      sentences(proofOf([allow('R', { AWS: arnOf('app') }, actions)]), 'no-third-party-reencrypt').length;
    expect([claim(['kms:ReEncryptFrom']), claim(['kms:ReEncryptFrom', 'kms:Decrypt'])]).toEqual([1, 0]);
  });

  it.each([
    ['where the key says so', { Null: { 'kms:ReEncryptOnSameKey': 'true' } }],
    ['where the key is missing', { Bool: { 'kms:ReEncryptOnSameKey': 'false' } }],
  ])('T56 finds a Deny of ReEncrypt that holds but %s', (_where, condition) => {
    const deny = { ...allow('Stay', '*', 'kms:ReEncryptFrom', condition), Effect: 'Deny' };
    const claims = proofOf([allow('R', { AWS: arnOf('app') }, 'kms:ReEncryptFrom'), deny]);
    expect(sentences(claims, 'no-third-party-reencrypt')).toHaveLength(1);
  });

  it('T56 leaves alone a Deny of ReEncrypt that holds for each other key', () => {
    const stay = { BoolIfExists: { 'kms:ReEncryptOnSameKey': 'false' } };
    const deny = { ...allow('Stay', '*', 'kms:ReEncryptFrom', stay), Effect: 'Deny' };
    const claims = proofOf([allow('R', { AWS: arnOf('app') }, 'kms:ReEncryptFrom'), deny]);
    expect(sentences(claims, 'no-third-party-reencrypt')).toEqual([]);
  });

  it('T50 finds a key that nobody can manage', () => {
    const found = sentences(proofOf([allow('Use', { AWS: arnOf('app') }, 'kms:Decrypt')]), 'no-lockout');
    expect(found).toEqual(['nobody can kms:PutKeyPolicy: the key could never be managed again']);
  });
});

const NOTHING: JsonObject = {
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' },
};
const ALL_TRUST: JsonObject = {
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
};
const FEDERATED_TRUST: JsonObject = ALL_TRUST;

it('asks of each of many no more than of few, and finds the same', () => {
  const shared = (at: number) =>
    allow(`S${at}`, { AWS: arnOf(`r${at}`) }, 'kms:*', { StringLike: { [`aws:PrincipalTag/t${at}`]: 'a*' } });
  const [few, many] = [4, 32].map((count) => {
    const { claims, evaluations } = provenOf(Array.from({ length: count }, (_, at) => shared(at)));
    const broken = sentences(claims).filter((one) => /^role\/r\d+ can .* when aws:principaltag\/t\d+ is /.test(one));
    return { each: evaluations / count, broken: broken.length / count };
  });
  expect([few?.broken, many?.broken]).toEqual([1, 1]);
  expect(many?.each).toBeLessThanOrEqual((few?.each ?? 0) * 1.1);
});
