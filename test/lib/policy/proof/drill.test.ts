import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { FULL_ACCESS } from '../../../../src/lib/policy/evaluate.js';
import { findingText } from '../../../../src/lib/policy/proof/docket.js';
import { prove } from '../../../../src/lib/policy/prove.js';
import { drillRolePolicy } from '../../../../src/lib/policy/role-policies.js';
import { subjectTrustPolicy } from '../../../../src/lib/policy/trust-policies.js';
import { ACCOUNT, documentOf } from '../cases.js';
import { mutantsOf } from '../mutants.js';
import { arnOf, EXECUTOR, federated, roleOf, subjectOf, texts } from './world.js';

const DRILL = arnOf('custody-drill');
const AUDITOR = arnOf('custody-auditor');
const ISSUER = 'idp.example.com';
const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER}`;
const RENDERED = JSON.parse(
  drillRolePolicy({
    account: ACCOUNT,
    partition: 'aws',
    repository: '',
    seats: [],
    automation: [],
    executor: EXECUTOR,
    cold: '',
    auditor: AUDITOR,
    drill: DRILL,
    installer: '',
  }),
) as JsonObject;
const ENTRY = { type: 'oidc', providerArn: PROVIDER, audience: 'custody', subject: 'drill' } as const;
const TRUST = JSON.parse(subjectTrustPolicy(ENTRY)) as JsonObject;

interface Scene {
  readonly trust?: JsonObject | null;
  readonly may?: JsonObject | null;
  readonly rcp?: JsonObject;
  readonly drills?: readonly string[];
}

function claimOf({ trust = TRUST, may = RENDERED, rcp, drills = [DRILL] }: Scene) {
  const subject = subjectOf(texts());
  if (subject.interlock === null || subject.principals === null) throw new Error('no interlock');
  const { claims } = prove({
    ...subject,
    keys: [],
    interlock: { ...subject.interlock, drills },
    principals: [...subject.principals, roleOf(DRILL, trust, may)],
    resourceControlPolicies: rcp ? [[FULL_ACCESS, documentOf(rcp)]] : null,
  });
  const claim = claims.find(({ id }) => id === 'drill-confined');
  return { status: claim?.status, says: claim?.findings.map(findingText) ?? [] };
}

/** The rendered policy with one statement more. */
const and = (Action: string | readonly string[], Condition?: JsonObject): JsonObject => ({
  ...RENDERED,
  Statement: [
    ...(RENDERED.Statement as readonly JsonObject[]),
    { Sid: 'More', Effect: 'Allow', Action, Resource: '*', ...(Condition ? { Condition } : {}) },
  ],
});

const deny = (Action: string, Condition?: JsonObject): JsonObject => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Deny', Principal: '*', Action, Resource: '*', ...(Condition ? { Condition } : {}) },
});

describe('the drill', () => {
  it('holds with the policies that are rendered, and may read more', () => {
    expect(claimOf({})).toEqual({ status: 'held', says: [] });
    expect(claimOf({ may: and(['kms:Get*', 'kms:List*', 'iam:Get*']) }).says).toEqual([
      'role/custody-drill can kms:GetParametersForImport on any key that leaves it to the account, because statement 5 "More" of the policy allows it',
    ]);
    expect(claimOf({ may: and(['kms:GetKeyPolicy', 'kms:ListGrants', 'iam:GetRole']) }).status).toBe('held');
  });

  it('is not asked about where no plan has one, and open where its policies were not read', () => {
    expect(claimOf({ drills: [] }).status).toBeUndefined();
    for (const scene of [{ trust: null }, { may: null }]) {
      expect(claimOf(scene)).toEqual({ status: 'unproven', says: [`the policies of ${DRILL} were not read`] });
    }
  });

  it('loses its claim without any part of a condition', () => {
    const conditions = (what: string) => / (?:\w+:)?(?:String|Null)/.test(what);
    const mutants = [
      ...mutantsOf(JSON.stringify(RENDERED)).map((one) => ({ ...one, as: 'may' })),
      ...mutantsOf(JSON.stringify(TRUST)).map((one) => ({ ...one, as: 'trust' })),
    ].filter(({ what }) => conditions(what) || what === 'NoSessionTags');
    expect(mutants.length).toBeGreaterThan(4);
    const quiet = mutants.filter(
      ({ as, policy }) => claimOf({ [as]: JSON.parse(policy) as JsonObject }).status !== 'broken',
    );
    // Without the Deny nobody is let tag a session either.
    expect(quiet.map(({ what }) => what)).toEqual(['NoSessionTags']);
  });

  it.each<[string, Scene, RegExp]>([
    [
      'deletes what it has tagged itself',
      { may: and('kms:ScheduleKeyDeletion', { Null: { 'aws:ResourceTag/custody:drill': 'false' } }) },
      /can kms:ScheduleKeyDeletion on any key .*custody:drill/,
    ],
    ['decrypts anything', { may: and('kms:Decrypt') }, /can kms:Decrypt without custody:canary/],
    ['uses keys otherwise', { may: and('kms:GenerateDataKey') }, /can kms:GenerateDataKey on any key/],
    ['may what AWS adds later', { may: and('kms:A*') }, /can kms:AnyLaterOperation on any key/],
    [
      'tags keys as a repository’s',
      { may: and('kms:TagResource', { Null: { 'aws:RequestTag/custody:drill': 'false' } }) },
      /can kms:TagResource .*custody:repository/,
    ],
    ['makes untold keys', { may: and('kms:CreateKey') }, /can kms:CreateKey .*without the tag custody:drill/],
    ['sets slots', { may: and('iam:TagRole') }, /can iam:TagRole on role\/custody-drill/],
    ['changes itself', { may: and('iam:PutRolePolicy') }, /can iam:PutRolePolicy on /],
    ['is anyone of the provider', { trust: { ...TRUST, Statement: [federatedAll()] } }, /as any subject/],
    ['is two subjects', { trust: federatedTwo() }, /2 subjects can sts:AssumeRoleWithWebIdentity .*: drill, other/],
    ['is anyone of the account', { trust: rooted() }, /can sts:AssumeRole into role\/custody-drill/],
    [
      'makes no keys',
      { may: without('MakeScratchKeys') },
      /cannot kms:CreateKey and kms:TagResource with custody:drill/,
    ],
    [
      'cannot be rid of its keys: the organization holds all keys',
      { rcp: deny('kms:*', { ArnNotEquals: { 'aws:PrincipalArn': EXECUTOR } }) },
      /cannot kms:ScheduleKeyDeletion of a key that it made/,
    ],
  ])('%s', (_, scene, finding) => {
    const { status, says } = claimOf(scene);
    expect(status).toBe('broken');
    expect(says.join('\n')).toMatch(finding);
  });

  it('may be held to the organization, which says nothing of its keys', () => {
    const outside = { StringNotEqualsIfExists: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } };
    expect(claimOf({ rcp: deny('kms:*', outside) })).toEqual({ status: 'held', says: [] });
  });
});

function without(sid: string): JsonObject {
  return { ...RENDERED, Statement: (RENDERED.Statement as readonly JsonObject[]).filter(({ Sid }) => Sid !== sid) };
}

function federatedAll(): JsonObject {
  const { Condition: _, ...statement } = federated('any').Statement as JsonObject;
  return statement as JsonObject;
}

function federatedTwo(): JsonObject {
  const keys = { [`${ISSUER}:sub`]: ['drill', 'other'], [`${ISSUER}:aud`]: 'custody' };
  return { Version: '2012-10-17', Statement: [{ ...federatedAll(), Condition: { StringEquals: keys } }] };
}

function rooted(): JsonObject {
  const Principal = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }] };
}
