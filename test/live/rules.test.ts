import { describe, expect, it } from 'vitest';
import { filesOf, readOpenFacts, readStateFacts, readStories } from '../support/facts/fact.js';
import { leavesDeletion, ruleAgainst, stateRuleAgainst, whyNotLive, whyStateNotLive } from './eligible.js';
import { localize } from './localize.js';
import { readLiveSettings } from './settings.js';

const LIVE = { CUSTODY_LIVE: '1', CUSTODY_LIVE_ACCOUNT: '444455556666' };

describe('settings of a live run', () => {
  it('are stated one by one', () => {
    expect(readLiveSettings(LIVE)).toEqual({ account: '444455556666', only: 'all' });
    expect(readLiveSettings({ ...LIVE, CUSTODY_LIVE_ONLY: 'open' })).toMatchObject({ only: 'open' });
  });

  it.each([
    [{}, 'CUSTODY_LIVE=1 is not set'],
    [{ ...LIVE, CUSTODY_LIVE: 'true' }, 'CUSTODY_LIVE=1 is not set'],
    [{ ...LIVE, CUSTODY_LIVE: undefined }, 'CUSTODY_LIVE=1 is not set'],
    [{ CUSTODY_LIVE: '1' }, 'CUSTODY_LIVE_ACCOUNT must name'],
    [{ ...LIVE, CUSTODY_LIVE_ACCOUNT: '4444-5555-6666' }, 'CUSTODY_LIVE_ACCOUNT must name'],
    [{ ...LIVE, CUSTODY_LIVE_ACCOUNT: '*' }, 'CUSTODY_LIVE_ACCOUNT must name'],
    [{ ...LIVE, CUSTODY_LIVE_ONLY: 'some' }, 'CUSTODY_LIVE_ONLY is'],
  ])('%j is not enough', (env, message) => {
    expect(() => readLiveSettings(env)).toThrow(message);
  });
});

const root = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 'kms:*', Resource: '*' };
const deny = (Action: string) => ({ Effect: 'Deny', Principal: '*', Action, Resource: '*' });

describe('a policy leaves the account the right to delete its key', () => {
  it.each([
    ['the default', [root]],
    [
      'with less for another',
      [root, { ...root, Principal: { AWS: 'arn:aws:iam::111122223333:role/a' }, Action: 'kms:Decrypt' }],
    ],
    ['with a Deny of something else', [root, deny('kms:PutKeyPolicy')]],
    ['without PutKeyPolicy', [{ ...root, Action: undefined, NotAction: 'kms:PutKeyPolicy' }]],
  ])('%s', (_, Statement) => {
    expect(leavesDeletion({ document: { Statement: JSON.parse(JSON.stringify(Statement)) } })).toBe(true);
    expect(leavesDeletion(JSON.stringify({ Statement }))).toBe(true);
  });

  it('and so does a text that is never stored', () => {
    expect(leavesDeletion('{')).toBe(true);
  });

  it.each([
    ['not without the root', [{ ...root, Principal: { AWS: 'arn:aws:iam::111122223333:role/admin' } }]],
    ['not under a condition', [{ ...root, Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }]],
    ['not for other actions', [{ ...root, Action: ['kms:Encrypt', 'kms:PutKeyPolicy'] }]],
    ['not with a Deny of everything', [root, deny('kms:*')]],
    ['not with a Deny of deletion', [root, deny('kms:ScheduleKeyDeletion')]],
    ['not with a Deny by pattern', [root, deny('kms:*Deletion')]],
    [
      'not with a Deny of all but others',
      [root, { ...root, Effect: 'Deny', Action: undefined, NotAction: 'kms:Decrypt' }],
    ],
    ['not for another resource', [{ ...root, Resource: 'arn:aws:kms:eu-central-1:111122223333:key/a' }]],
    ['not without statements', []],
  ])('%s', (_, Statement) => {
    expect(leavesDeletion(JSON.stringify({ Statement }))).toBe(false);
  });
});

describe('what is tried on a real account', () => {
  const stories = filesOf('story').flatMap(readStories);
  const states = filesOf('state').flatMap(readStateFacts);

  it('is most of the facts, and every open point that a request can answer', () => {
    const tried = stories.filter((fact) => whyNotLive(fact) === null).length;
    expect(tried).toBeGreaterThan(stories.length / 2);
    expect(states.filter((fact) => whyStateNotLive(fact) === null).length).toBeGreaterThan(100);
    const open = readOpenFacts().filter(({ untestable }) => untestable === undefined);
    expect(open.map((fact) => [fact.fact, whyNotLive(fact)]).filter(([, why]) => why !== null)).toEqual([]);
  });

  it('is nothing that could not be undone: every reason against it holds for some fact', () => {
    const reasons = new Set(stories.map(whyNotLive));
    expect([...reasons].filter((reason) => reason !== null).sort()).toEqual(
      [
        "needs the account's root user",
        'needs more time than a run may take',
        'needs too many requests',
        'is about what KMS asks IAM, which only the sandbox shows',
        "names an instant of the sandbox's clock",
        'lists what else is in the account',
        'could leave a key that nobody can delete',
        'counts the tags of a key, and a live run puts one on it',
        'names a path, and a live run puts its prefix in front of the first name after role/',
        'names a Marker of the form that the sandbox gives out',
        'is about an account that holds nothing',
        'needs a token of an identity provider that AWS can reach',
        'needs control policies of an organization, which an account cannot put on itself',
        'finds events, which LookupEvents shows minutes later; every fact about a record looks one up',
        'would use up a request quota that other programs of the account need',
      ].sort(),
    );
  });

  it('says in its row why it is not tried', () => {
    const silent = [
      ...stories.filter((fact) => ruleAgainst(fact) !== null && fact.live === undefined),
      ...states.filter((fact) => stateRuleAgainst(fact) !== null && fact.live === undefined),
    ];
    expect(silent.map(({ fact }) => fact)).toEqual([]);
  });

  it('is almost all of what CloudTrail records', () => {
    const records = stories.filter(({ expect: { record } }) => record !== undefined);
    const tried = records.filter((fact) => whyNotLive(fact) === null);
    expect(tried.length).toBeGreaterThan(records.length * 0.8);
  });
});

it('a story is told in another account with names of its own', () => {
  const place = {
    account: '444455556666',
    adminArn: 'arn:aws:iam::444455556666:role/sso/Ops',
    prefix: 'custody-live-x-',
  };
  const told = localize(
    {
      requests: [
        [
          'iam:CreateRole',
          { RoleName: 'a', Trust: 'arn:aws:iam::111122223333:role/admin arn:aws:iam::111122223333:role/seat' },
        ],
        [
          'CreateAlias',
          { AliasName: 'alias/a', Other: 'alias/aws/a', Arn: 'arn:aws:kms:eu-central-1:111122223333:alias/b' },
        ],
        ['sts:AssumeRole', { Session: 'arn:aws:sts::111122223333:assumed-role/a/work' }],
        ['iam:CreatePolicy', { PolicyName: 'p', Url: 'https://token.example.com/x' }],
        [
          'iam:AttachRolePolicy',
          { Arn: 'arn:aws:iam::111122223333:policy/p arn:aws:iam::aws:policy/AdministratorAccess' },
        ],
      ],
    },
    place,
    '7-',
  );
  expect(told.requests).toEqual([
    [
      'iam:CreateRole',
      {
        RoleName: 'custody-live-x-7-a',
        Trust: 'arn:aws:iam::444455556666:role/sso/Ops arn:aws:iam::444455556666:role/custody-live-x-seat',
      },
    ],
    [
      'CreateAlias',
      {
        AliasName: 'alias/custody-live-x-7-a',
        Other: 'alias/aws/a',
        Arn: 'arn:aws:kms:eu-central-1:444455556666:alias/custody-live-x-7-b',
      },
    ],
    ['sts:AssumeRole', { Session: 'arn:aws:sts::444455556666:assumed-role/custody-live-x-7-a/work' }],
    ['iam:CreatePolicy', { PolicyName: 'custody-live-x-7-p', Url: 'https://token.example.com/custody-live-x-7-x' }],
    [
      'iam:AttachRolePolicy',
      {
        Arn: 'arn:aws:iam::444455556666:policy/custody-live-x-7-p arn:aws:iam::aws:policy/AdministratorAccess',
      },
    ],
  ]);
});
