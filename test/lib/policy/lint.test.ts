import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { lintKeyPolicy, lintLiveKeyPolicy } from '../../../src/lib/policy/lint.js';
import { synthesizeInterlocked } from '../../../src/lib/policy/synthesize.js';
import { layOut } from '../../../src/lib/sandbox/kms/policies.js';
import { ACCOUNT } from './cases.js';
import { inputOf, interlockOf } from './interlock-cases.js';

const arn = (name: string) => `arn:aws:iam::${ACCOUNT}:${name}`;
const app = { Principal: { AWS: arn('role/app') } };
const UNPLACED = { Effect: 'Allow', ...app, Action: 'kms:PutKeyPolicy' };
const MANAGED = { Effect: 'Allow', ...app, Action: 'kms:PutKeyPolicy', Resource: '*' };

function rules(change: JsonObject, others: readonly JsonObject[] = [MANAGED]): readonly string[] {
  const statement = { Effect: 'Allow', ...app, Action: 'kms:Decrypt', Resource: '*', ...change };
  const text = JSON.stringify({ Version: '2012-10-17', Statement: [statement, ...others] });
  return lintKeyPolicy(text, 'case').map(({ rule, statement: at }) => `${at} ${rule}`);
}

const when = (operator: string, key: string, value: string | readonly string[] = 'x') => ({
  [operator]: { [key]: value },
});
const SOURCE = when('StringEquals', 'aws:SourceAccount', ACCOUNT);

describe('lintKeyPolicy', () => {
  it.each<[string, JsonObject]>([
    ['a plain statement', {}],
    ['everyone of one account', { Principal: '*', Condition: when('StringEquals', 'kms:CallerAccount', ACCOUNT) }],
    ['a Deny for everyone', { Effect: 'Deny', Principal: '*' }],
    ['a Deny with a negated operator', { Effect: 'Deny', Condition: when('StringNotEquals', 'aws:SourceIdentity') }],
    ['the account, for reading', { Principal: { AWS: arn('root') }, Action: 'kms:DescribeKey' }],
    ['a service with its source', { Principal: { Service: 's3.amazonaws.com' }, Condition: SOURCE }],
    [
      'CreateGrant for services',
      { Action: 'kms:CreateGrant', Condition: when('Bool', 'kms:GrantIsForAWSResource', 'true') },
    ],
    [
      'ForAllValues with Null',
      {
        Condition: {
          ...when('ForAllValues:StringEquals', 'kms:EncryptionContextKeys'),
          Null: { 'kms:EncryptionContextKeys': 'false' },
        },
      },
    ],
    [
      'a negated operator beside one that wants the key',
      {
        Condition: {
          ...when('StringNotEquals', 'aws:PrincipalTag/a'),
          ...when('StringLike', 'aws:PrincipalTag/A', '*'),
        },
      },
    ],
  ])('finds nothing in %s', (_what, change) => {
    expect(rules(change)).toEqual([]);
  });

  it.each<[string, JsonObject, string]>([
    ['everyone', { Principal: '*' }, '0 everyone'],
    ['everyone, in a list', { Principal: { AWS: ['*', arn('role/app')] } }, '0 everyone'],
    [
      'everyone under a condition that says nothing of them',
      { Principal: '*', Condition: when('Bool', 'aws:SecureTransport', 'true') },
      '0 everyone',
    ],
    ['a session', { Principal: { AWS: `arn:aws:sts::${ACCOUNT}:assumed-role/app/one` } }, '0 session-principal'],
    [
      'the account, for everything',
      { Principal: { AWS: arn('root') }, Action: 'kms:*', Condition: undefined as never },
      '0 account-unconditioned',
    ],
    ['the account by number', { Principal: { AWS: ACCOUNT }, Action: 'kms:Put*' }, '0 account-unconditioned'],
    ['CreateGrant', { Action: 'kms:CreateGrant' }, '0 grant-unlimited'],
    ['CreateGrant by wildcard', { Action: 'kms:Create*' }, '0 grant-unlimited'],
    [
      'a limit of CreateGrant that is negated',
      {
        Action: 'kms:CreateGrant',
        Condition: { ...when('StringNotEquals', 'kms:GranteePrincipal'), Null: { 'kms:GranteePrincipal': 'false' } },
      },
      '0 grant-unlimited',
    ],
    ['a service', { Principal: { Service: 's3.amazonaws.com' } }, '0 service-unsourced'],
    ['a negated operator', { Condition: when('StringNotEquals', 'aws:SourceIdentity') }, '0 negated-absent'],
    [
      'a negated operator with IfExists',
      { Condition: when('ArnNotLikeIfExists', 'aws:PrincipalArn', 'arn:aws:iam::1:role/x') },
      '0 negated-absent',
    ],
    ['ForAllValues', { Condition: when('ForAllValues:StringEquals', 'kms:EncryptionContextKeys') }, '0 for-all-absent'],
    [
      'ForAllValues with the wrong Null',
      {
        Condition: {
          ...when('ForAllValues:StringEquals', 'kms:EncryptionContextKeys'),
          Null: { 'kms:EncryptionContextKeys': 'true' },
        },
      },
      '0 for-all-absent',
    ],
    ['what KMS refuses', { Condition: when('StringEquals', 'kms:ResourceAliases') }, '0 kms-rejects'],
    ['what has no effect', { Resource: undefined as never }, '0 no-effect'],
  ])('finds %s', (_what, change, expected) => {
    expect(rules(change)).toContain(expected);
  });

  it('finds an Allow for everyone but', () => {
    const { Principal: _who, ...rest } = { ...MANAGED, NotPrincipal: { AWS: arn('role/app') } };
    expect(rules({}, [MANAGED, rest])).toEqual(['2 everyone-but']);
  });

  it('T50 finds a policy that nobody can replace', () => {
    expect(rules({}, [])).toEqual(['null lock-out']);
  });
});

it('takes a live policy for as long as KMS has stored it, not as KMS lays it out', () => {
  const interlock = interlockOf(2, 4);
  const { policy } = synthesizeInterlocked({ ...inputOf(interlock), interlock });
  const live = layOut(policy);
  expect([policy.length <= 32_768, live.length > 32_768]).toEqual([true, true]);
  expect(lintLiveKeyPolicy(live, 'live')).toEqual(lintKeyPolicy(policy, 'file'));
  expect(lintKeyPolicy(live, 'file').map(({ rule }) => rule)).toContain('kms-rejects');
});

it.each<[string, readonly string[], JsonObject, (readonly JsonObject[])?]>([
  [
    'the account under a condition',
    [],
    { Principal: { AWS: arn('root') }, Action: 'kms:*', Condition: when('Bool', 'kms:GrantIsForAWSResource', 'true') },
  ],
  [
    'a negated operator that wants a value',
    [],
    { Condition: when('ForAnyValue:StringNotEquals', 'kms:EncryptionContextKeys') },
  ],
  ['PutKeyPolicy of nothing', ['1 no-effect', 'null lock-out'], {}, [UNPLACED]],
])('tells apart %s', (_, wanted, change, others = [MANAGED]) => {
  expect(rules(change, others)).toEqual(wanted);
});
