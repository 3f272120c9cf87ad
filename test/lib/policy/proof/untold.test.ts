import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { isKnownKey } from '../../../../src/lib/policy/known-keys.js';
import { findingText } from '../../../../src/lib/policy/proof/docket.js';
import { satisfiable } from '../../../../src/lib/policy/proof/satisfy.js';
import type { ProofSubject } from '../../../../src/lib/policy/proof/subject.js';
import { prove } from '../../../../src/lib/policy/prove.js';
import { ACCOUNT, documentOf } from '../cases.js';
import { arnOf, keyOf, SEATS, subjectOf, texts } from './world.js';

/** Doors in a stranger's policy of which AWS alone knows whether they open: none of them may be called shut. */

const DOOR = { Effect: 'Allow', Principal: { AWS: arnOf('app') }, Action: 'kms:PutKeyPolicy', Resource: '*' };

function directChange(statement: JsonObject) {
  const policy = { Version: '2012-10-17', Statement: [statement] };
  const subject: ProofSubject = {
    account: ACCOUNT,
    keys: [keyOf(policy, { users: null, classes: [], grants: 'not-asked' })],
    interlock: null,
    principals: null,
    serviceControlPolicies: null,
    resourceControlPolicies: null,
  };
  const claim = prove(subject).claims.find(({ id }) => id === 'no-direct-change');
  return { status: claim?.status, said: claim?.findings.map(findingText).join('\n') ?? '' };
}

const on = (condition: JsonObject) => ({ ...DOOR, Condition: condition });

describe('a door of which nobody can tell whether it opens', () => {
  it.each<[string, JsonObject, string]>([
    [
      'a wildcard in the type of the resource',
      { ...DOOR, Resource: `arn:aws:kms:us-east-1:${ACCOUNT}:k*` },
      'Resource',
    ],
    ['a service in capitals', { ...DOOR, Resource: `arn:aws:KMS:us-east-1:${ACCOUNT}:key/*` }, 'Resource'],
    ['a caller by a pattern that is no ARN', on({ ArnLike: { 'aws:PrincipalArn': '*' } }), 'ArnLike aws:PrincipalArn'],
    ['a caller by a short pattern', on({ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*' } }), 'ArnLike'],
    ['a value that is no truth', on({ Bool: { 'aws:PrincipalIsAWSService': 'no' } }), 'Bool'],
    ['a presence that is neither', on({ Null: { 'aws:PrincipalArn': 'maybe' } }), 'Null'],
  ])('is not called shut: %s', (_what, statement, because) => {
    const { status, said } = directChange(statement);
    expect([status, said]).toEqual(['unproven', expect.stringContaining(because)]);
  });

  it('stays shut where it cannot open whatever is meant', () => {
    expect(directChange({ ...DOOR, Resource: 'arn:aws:kms:us-east-1:999988887777:k*' }).status).toBe('held');
    expect(directChange(on({ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::999988887777:*' } })).status).toBe('held');
  });
});

describe('conditions that seem to exclude each other', () => {
  const meets = (...conditions: readonly (readonly [string, string, ...string[]])[]) =>
    satisfiable(
      conditions.map(([operator, key, ...values]) => ({ operator, key, values })),
      '2012-10-17',
      new Set(),
    );

  it('are met by a key of several values', () => {
    const [first, second] = ['athena.amazonaws.com', 'dynamodb.amazonaws.com'];
    expect(
      meets(['ForAnyValue:StringEquals', 'aws:CalledVia', first], ['ForAnyValue:StringLike', 'aws:CalledVia', second]),
    ).toBe(true);
    expect(
      meets(
        ['ForAllValues:StringEquals', 'aws:TagKeys', 'a', 'b'],
        ['ForAnyValue:StringEquals', 'aws:TagKeys', 'a'],
        ['ForAnyValue:StringLike', 'aws:TagKeys', 'b'],
      ),
    ).toBe(true);
    expect(meets(['StringEquals', 'aws:SourceIdentity', 'a'], ['StringLike', 'aws:SourceIdentity', 'b'])).toBe(false);
  });

  it('are taken for possible where it would take ages to tell', () => {
    const tens = Array.from({ length: 12 }, (_, at) => String(at));
    const many = tens.map((at) => ['StringEquals', `aws:PrincipalTag/${at}`, ...tens] as const);
    const never = [
      ['StringEquals', 'aws:PrincipalTag/z', 'x'],
      ['StringNotEquals', 'aws:PrincipalTag/z', 'x'],
    ] as const;
    expect(meets(...never)).toBe(false);
    expect(meets(...many, ...never)).toBe(true);
  });
});

it('a name of a key that fits no provider is told at once, however many slashes it has', () => {
  expect(isKnownKey(`idp.example.com${'/x'.repeat(2000)}:a\nb`)).toBe(false);
  expect(isKnownKey(`idp.example.com${'/x'.repeat(2000)}:sub`)).toBe(true);
});

describe('T52 the subject of a seat', () => {
  const given = texts();
  const [seat] = SEATS;
  function claimWith(condition: JsonObject) {
    const [statement, ...rest] = given['custodian-trust'].Statement as readonly JsonObject[];
    const others = { 'idp.example.com:aud': 'custody', 'sts:SourceIdentity': 'architect' };
    const equals = { ...others, ...(condition.StringEquals as JsonObject) };
    const own = { ...statement, Condition: { ...condition, StringEquals: equals } };
    const trust = documentOf({ Version: '2012-10-17', Statement: [own, ...rest] });
    const { principals } = subjectOf(given);
    const changed = principals?.map((one) => (one.arn === seat?.roleArn ? { ...one, trust } : one)) ?? null;
    const key = keyOf(given['key-policy'], { classes: [] });
    return prove(subjectOf(given, { keys: [key], principals: changed })).claims.find(
      ({ id }) => id === 'one-subject-one-seat',
    );
  }

  it('is one, where it is written out', () => {
    expect(claimWith({ StringEquals: { 'idp.example.com:sub': '00u1a' } })?.status).toBe('held');
  });

  it.each(['00u*a', '00u?a', '*1a', '00u1*'])('is many, where a wildcard stands for some of it: %s', (sub) => {
    const claim = claimWith({ StringLike: { 'idp.example.com:sub': sub } });
    expect(claim?.status).toBe('broken');
    expect(claim?.findings.map(findingText).join()).toContain('as another subject');
  });
});
