import { describe, expect, it } from 'vitest';
import { CustodyError } from '../../../src/lib/base/errors.js';
import { readAccount, rolesNamed } from '../../../src/lib/inspect/account.js';
import type { AccountIdentity, AccountReader } from '../../../src/lib/key/account.js';
import { parsePolicy } from '../../../src/lib/policy/document.js';
import { createTeam } from '../../support/people.js';

const { plan, roster } = (({ plan: { plan: inForce }, roster: people }) => ({ plan: inForce, roster: people }))(
  createTeam(),
);
const own = (name: string) => `arn:aws:iam::${plan.account}:role/${name}`;
const NOTHING = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}';
const denied = async () => {
  throw new CustodyError('DENIED', 'not with these credentials');
};
const role = (name: string, change: Partial<AccountIdentity> = {}): AccountIdentity => ({
  arn: own(name),
  trust: NOTHING,
  policies: [{ name: 'own', document: NOTHING }],
  boundary: null,
  ...change,
});

function account(roles: Readonly<Record<string, AccountIdentity | null>>): AccountReader {
  return {
    identities: denied,
    role: async (arn) => {
      const found = roles[arn.split('/').at(-1) ?? ''];
      return found === undefined ? denied() : found;
    },
  };
}

describe('roles that are named', () => {
  it('are those of roster, plan and key policies, of this account only, each once, without patterns', () => {
    const policy = parsePolicy(
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: [own('ci-admin'), 'arn:aws:iam::999999999999:role/other', own('architect')] },
            Action: 'kms:*',
            Resource: '*',
          },
          {
            Effect: 'Allow',
            Principal: '*',
            Action: 'kms:Decrypt',
            Resource: '*',
            Condition: {
              ArnLike: { 'aws:PrincipalArn': [own('batch'), own('team-*'), `arn:aws:iam::${plan.account}:user/jane`] },
            },
          },
        ],
      }),
      'policy',
    );
    const named = rolesNamed(plan, roster, [policy]);
    expect(named).toEqual([...new Set(named)].sort());
    expect(named).toEqual(
      expect.arrayContaining([own('ci-admin'), own('batch'), own('architect'), own('ci'), roster.executorRoleArn]),
    );
    const users = Object.values(plan.keys).flatMap((key) => key.users.map(({ roleArn }) => roleArn));
    expect(users.length).toBeGreaterThan(0);
    expect(named).toEqual(expect.arrayContaining(users));
    expect(named.filter((arn) => /other|team|jane/.test(arn))).toEqual([]);
  });
});

describe('the account', () => {
  it('is everyone where it may be listed, and nothing is asked role by role', async () => {
    const reader = { identities: async () => [role('a')], role: denied };
    expect(await readAccount(reader, [own('b')])).toMatchObject({
      othersUnread: false,
      unread: [],
      principals: [{ arn: own('a') }],
    });
  });

  it('is role by role where it may not, and says what of it is not known', async () => {
    const reader = account({
      seen: role('seen'),
      closed: role('closed', { policies: null }),
      gone: null,
      shut: role('shut', { policies: null }),
    });
    const found = await readAccount(reader, ['seen', 'closed', 'gone', 'secret', 'shut'].map(own));
    expect(found.principals?.map(({ arn, identity }) => [arn, identity === null])).toEqual([
      [own('seen'), false],
      [own('closed'), true],
      [own('shut'), true],
    ]);
    expect(found).toMatchObject({ othersUnread: true });
    expect(found.unread).toEqual([
      'role/closed, role/shut: policies not readable with these credentials',
      'role/gone: there is no such role',
      'role/secret: not readable with these credentials',
      expect.stringContaining('everyone else of the account'),
    ]);
  });

  it('does not know what cannot be read as a policy: for it the worst is assumed', async () => {
    const broken = { name: 'own', document: '{"Version":"2012-10-17","Statement":[]}' };
    const roles = [
      role('a', { policies: [broken] }),
      role('b', { boundary: broken }),
      role('c', { trust: '{' }),
      role('d'),
    ];
    const found = await readAccount({ identities: async () => roles, role: denied }, []);
    expect(found.principals?.map(({ identity, trust }) => [identity === null, trust === null])).toEqual([
      [true, false],
      [true, false],
      [false, true],
      [false, false],
    ]);
    expect(found.unread.map((line) => line.split(':')[0])).toEqual(['role/a', 'role/b', 'role/c']);
  });

  it('T23 is not read where nothing of it is', async () => {
    const found = await readAccount(account({}), [own('a'), own('b')]);
    expect(found).toMatchObject({
      principals: null,
      othersUnread: true,
      unread: [expect.stringContaining('not readable')],
    });
    expect(await readAccount(account({}), [])).toMatchObject({ principals: null });
  });

  it.each(['UNAVAILABLE', 'TIMEOUT', 'CREDENTIALS_MISSING'] as const)(
    'is no answer where reading ends with %s',
    async (code) => {
      const failing = async () => {
        throw new CustodyError(code, 'no');
      };
      await expect(readAccount({ identities: failing, role: denied }, [])).rejects.toMatchObject({ code });
      await expect(readAccount({ identities: denied, role: failing }, [own('a')])).rejects.toMatchObject({ code });
    },
  );
});
