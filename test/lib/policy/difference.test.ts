import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { differenceOf } from '../../../src/lib/policy/difference.js';
import { lockoutOf } from '../../../src/lib/policy/lockout.js';
import { KEY_OPERATIONS, LATER_OPERATION } from '../../../src/lib/policy/operations.js';
import { plannedKeyPolicy } from '../../../src/lib/policy/planned.js';
import { differenceInWords, principalInWords } from '../../../src/lib/policy/words.js';
import { createTeam, PRIMARY } from '../../support/people.js';

const team = createTeam();
const { account } = team.plan.plan;
const keyArn = `arn:aws:kms:${PRIMARY}:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const place = { account, region: PRIMARY, keyArn };
const role = (name: string, of = account) => `arn:aws:iam::${of}:role/${name}`;
const app = role('app');
const planned = plannedKeyPolicy(team.plan.plan, team.roster, 'case-data', PRIMARY);

const policy = (...statements: JsonObject[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const statement = (
  effect: 'Allow' | 'Deny',
  principal: JsonObject[string],
  action: string | string[],
  condition?: JsonObject,
) => ({
  Effect: effect,
  Principal: principal,
  Action: action,
  Resource: '*',
  ...(condition ? { Condition: condition } : {}),
});
const allow = (principal: JsonObject[string], action: string | string[], condition?: JsonObject) =>
  statement('Allow', principal, action, condition);
const deny = (principal: JsonObject[string], action: string | string[], condition?: JsonObject) =>
  statement('Deny', principal, action, condition);

const decrypts = allow({ AWS: app }, 'kms:Decrypt');
const context = { StringEquals: { 'kms:EncryptionContext:app': 'cases' } };
const line = (principal: string, change: Partial<Record<'gains' | 'loses' | 'conditional', string[]>>) => ({
  principal,
  gains: [],
  loses: [],
  conditional: [],
  ...change,
});

describe('who gains and who loses', () => {
  it('is nobody between policies that say the same in other words and order', () => {
    const one = policy(decrypts, allow({ AWS: role('b') }, ['kms:Encrypt', 'kms:DescribeKey']));
    const other = policy(allow({ AWS: [role('b')] }, 'kms:DescribeKey'), allow({ AWS: role('b') }, 'kms:encrypt'), {
      ...decrypts,
      Sid: 'Other',
    });
    expect(differenceOf(one, other, place)).toEqual([]);
    expect(differenceOf(planned, planned, place)).toEqual([]);
  });

  it.each([
    ['a wildcard in the type of its resource', { Resource: `arn:aws:kms:${PRIMARY}:${account}:k*` }],
    ['a resource by a variable', { Resource: `\${aws:PrincipalTag/key}` }],
    ['capitals in its resource', { Resource: `arn:aws:KMS:${PRIMARY}:${account}:key/*` }],
  ])('shows what nobody can tell as gained, never as nothing: %s', (_, resource) => {
    const door = { ...allow({ AWS: role('b') }, 'kms:PutKeyPolicy'), ...resource };
    expect(differenceOf(policy(decrypts), policy(decrypts, door), place)).toEqual([
      line(role('b'), { gains: ['PutKeyPolicy'], conditional: ['PutKeyPolicy'] }),
    ]);
  });

  const ALL = [...KEY_OPERATIONS, LATER_OPERATION];
  const cases: readonly (readonly [string, string | null, string, ReturnType<typeof line>[]])[] = [
    [
      'a new role',
      policy(decrypts),
      policy(decrypts, allow({ AWS: role('b') }, 'kms:Encrypt')),
      [line(role('b'), { gains: ['Encrypt'] })],
    ],
    [
      'a role that is gone',
      policy(decrypts),
      policy(allow({ AWS: role('b') }, 'kms:Encrypt')),
      [line(app, { loses: ['Decrypt'] }), line(role('b'), { gains: ['Encrypt'] })],
    ],
    ['no policy before', null, policy(decrypts), [line(app, { gains: ['Decrypt'] })]],
    [
      'a wildcard: also what AWS adds later',
      policy(decrypts),
      policy(decrypts, allow({ AWS: app }, 'kms:*')),
      [line(app, { gains: ALL.filter((name) => name !== 'Decrypt') })],
    ],
    [
      'a wildcard inside a name',
      policy(decrypts),
      policy(decrypts, allow({ AWS: app }, 'kms:ReEncrypt*')),
      [line(app, { gains: ['ReEncryptFrom', 'ReEncryptTo'] })],
    ],
    [
      'a Deny that is gone',
      policy(decrypts, deny({ AWS: app }, 'kms:Decrypt')),
      policy(decrypts),
      [line(app, { gains: ['Decrypt'] })],
    ],
    [
      'a Deny for everybody but one (NotPrincipal)',
      policy(decrypts),
      policy(decrypts, { Effect: 'Deny', NotPrincipal: { AWS: role('b') }, Action: 'kms:Decrypt', Resource: '*' }),
      [line(app, { loses: ['Decrypt'] })],
    ],
    [
      'all but some operations (NotAction)',
      policy(decrypts),
      policy(decrypts, {
        Effect: 'Allow',
        Principal: { AWS: app },
        NotAction: ALL.filter((name) => name !== 'Sign').map((name) => `kms:${name}`),
        Resource: '*',
      }),
      [line(app, { gains: ['Sign'] })],
    ],
    [
      'the account: all whom its administrators let',
      policy(decrypts),
      policy(decrypts, allow({ AWS: account }, 'kms:Decrypt')),
      [line(`account ${account}`, { gains: ['Decrypt'] })],
    ],
    [
      'another account',
      policy(decrypts),
      policy(decrypts, allow({ AWS: 'arn:aws:iam::999999999999:root' }, 'kms:Decrypt')),
      [line('account 999999999999', { gains: ['Decrypt'] })],
    ],
    [
      'a role of the same name in another account',
      policy(decrypts),
      policy(allow({ AWS: role('app', '999999999999') }, 'kms:Decrypt')),
      [line(app, { loses: ['Decrypt'] }), line(role('app', '999999999999'), { gains: ['Decrypt'] })],
    ],
    [
      'a service',
      policy(decrypts),
      policy(decrypts, allow({ Service: 'backup.amazonaws.com' }, 'kms:Decrypt')),
      [line('backup.amazonaws.com', { gains: ['Decrypt'] })],
    ],
    [
      'one session of a role',
      policy(decrypts),
      policy(decrypts, allow({ AWS: `arn:aws:sts::${account}:assumed-role/b/eve` }, 'kms:Decrypt')),
      [line(`arn:aws:sts::${account}:assumed-role/b/eve`, { gains: ['Decrypt'] })],
    ],
    [
      'everybody',
      policy(decrypts),
      policy(decrypts, allow('*', 'kms:Encrypt')),
      [line(app, { gains: ['Encrypt'] }), line('*', { gains: ['Encrypt'] })],
    ],
    [
      'a condition that is gone',
      policy(allow({ AWS: app }, 'kms:Decrypt', context)),
      policy(decrypts),
      [line(app, { gains: ['Decrypt'], conditional: ['Decrypt'] })],
    ],
    [
      'a condition that is new',
      policy(decrypts),
      policy(allow({ AWS: app }, 'kms:Decrypt', context)),
      [line(app, { loses: ['Decrypt'], conditional: ['Decrypt'] })],
    ],
    [
      'other conditions',
      policy(allow({ AWS: app }, 'kms:Decrypt', context)),
      policy(allow({ AWS: app }, 'kms:Decrypt', { StringLike: { 'kms:EncryptionContext:app': '*' } })),
      [line(app, { conditional: ['Decrypt'] })],
    ],
    [
      'the condition of a Deny',
      policy(decrypts, deny('*', 'kms:Decrypt', { Bool: { 'aws:SecureTransport': 'false' } })),
      policy(decrypts),
      [line(app, { gains: ['Decrypt'], conditional: ['Decrypt'] })],
    ],
    [
      'a statement about another key',
      policy(decrypts),
      policy(decrypts, { ...allow({ AWS: role('b') }, 'kms:Decrypt'), Resource: `${keyArn}0` }),
      [],
    ],
  ];
  it.each(cases)('tells of %s', (_, before, after, expected) => {
    expect(differenceOf(before, after, place)).toEqual(expected);
  });

  it.each(['', '{}', '{"Version":"2012-10-17","Statement":[]}', '[1]'])('refuses what is no policy: %j', (text) => {
    expect(() => differenceOf(text, planned, place)).toThrow(expect.objectContaining({ code: 'POLICY_MALFORMED' }));
    expect(() => differenceOf(planned, text, place)).toThrow(expect.objectContaining({ code: 'POLICY_MALFORMED' }));
  });

  it('says it in words, a role of another account in full', () => {
    const all = { principal: app, gains: ALL, loses: [], conditional: ['Decrypt'] };
    expect(differenceInWords(all)).toEqual([
      {
        sign: '+',
        text: `gains ${KEY_OPERATIONS.filter((name) => name !== 'Decrypt').join(', ')}, whatever AWS adds later; where conditions hold Decrypt`,
      },
    ]);
    expect(differenceInWords({ ...all, conditional: [] })[0]?.text).toBe(
      `gains all ${KEY_OPERATIONS.length} operations, whatever AWS adds later`,
    );
    expect(differenceInWords(line(app, { loses: ['Encrypt'], conditional: ['Decrypt'] }))).toEqual([
      { sign: '-', text: 'loses Encrypt' },
      { sign: '~', text: 'under other conditions: Decrypt' },
    ]);
    expect(principalInWords(app, account)).toBe('app');
    expect(principalInWords(role('app', '999999999999'), account)).toBe(role('app', '999999999999'));
    expect(principalInWords('*', account)).toContain('everyone else');
  });
});

describe('T50 a policy after which the executor could put no other one', () => {
  const { executorRoleArn } = team.roster;
  const question = { ...place, executorRoleArn, sourceIdentities: ['architect', 'privacy'] };
  const puts = (condition?: JsonObject) => allow({ AWS: executorRoleArn }, 'kms:PutKeyPolicy', condition);

  const fine: readonly (readonly [string, string])[] = [
    ['the plan', planned],
    ['a plain Allow', policy(puts())],
    ['a seat of the roster is named', policy(puts({ StringEquals: { 'aws:SourceIdentity': 'privacy' } }))],
    [
      'bypassing the check is denied',
      policy(puts(), deny('*', 'kms:PutKeyPolicy', { Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } })),
    ],
    ['only over TLS', policy(puts(), deny('*', 'kms:*', { Bool: { 'aws:SecureTransport': 'false' } }))],
  ];
  it.each(fine)('is not %s', (_, text) => {
    expect(lockoutOf(text, question)).toBeNull();
  });

  const executor = /executor role could put no other/;
  const nobody = /^nobody could/;
  const locked: readonly (readonly [string, string, RegExp])[] = [
    ['nobody may', policy(decrypts), nobody],
    ['everybody is denied', policy(puts(), deny('*', 'kms:PutKeyPolicy')), nobody],
    ['everybody is denied everything', policy(puts(), deny('*', '*')), nobody],
    ['the statement is about another key', policy({ ...puts(), Resource: `${keyArn}0` }), nobody],
    ['somebody else may', policy(allow({ AWS: app }, 'kms:*')), executor],
    ['only the account is let in', policy(allow({ AWS: account }, 'kms:*')), executor],
    [
      'an executor of another account',
      policy(allow({ AWS: role('custody-executor', '999999999999') }, 'kms:*')),
      executor,
    ],
    [
      'the executor is denied',
      policy(puts(), deny({ AWS: executorRoleArn }, 'kms:Put*'), allow({ AWS: app }, 'kms:*')),
      executor,
    ],
    [
      'everybody but a stranger is denied',
      policy(puts(), { Effect: 'Deny', NotPrincipal: { AWS: app }, Action: 'kms:PutKeyPolicy', Resource: '*' }),
      nobody,
    ],
    ['a SourceIdentity that nobody has', policy(puts({ StringEquals: { 'aws:SourceIdentity': 'mallory' } })), executor],
    ['a tag that nobody has', policy(puts({ StringEquals: { 'aws:PrincipalTag/x': 'impossible' } })), executor],
    ['an address that is not known', policy(puts({ IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } })), executor],
    [
      'a Deny by address',
      policy(puts(), deny('*', 'kms:PutKeyPolicy', { NotIpAddress: { 'aws:SourceIp': '203.0.113.0/24' } })),
      executor,
    ],
    ['until some day', policy(puts({ DateLessThan: { 'aws:CurrentTime': '2027-01-01T00:00:00Z' } })), executor],
    [
      'until some day, if there is a day',
      policy(puts({ DateLessThanIfExists: { 'aws:CurrentTime': '2027-01-01T00:00:00Z' } })),
      executor,
    ],
    [
      'denied from some day on',
      policy(puts(), deny('*', 'kms:PutKeyPolicy', { DateGreaterThan: { 'aws:CurrentTime': '2027-01-01T00:00:00Z' } })),
      executor,
    ],
    [
      'from some day on',
      policy(puts({ DateGreaterThanIfExists: { 'aws:CurrentTime': '2098-01-01T00:00:00Z' } })),
      executor,
    ],
    [
      'an operator that AWS does not have',
      policy(puts({ StringSeems: { 'aws:SourceIdentity': 'privacy' } })),
      executor,
    ],
    [
      'only with the check bypassed',
      policy(puts({ Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } })),
      executor,
    ],
  ];
  it.each(locked)('is one where %s', (_, text, because) => {
    expect(lockoutOf(text, question)).toMatch(because);
  });
});
