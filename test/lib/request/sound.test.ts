import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { plannedInterlock, plannedKeyPolicy } from '../../../src/lib/policy/planned.js';
import { callsOf } from '../../../src/lib/record/action.js';
import type { ActionName } from '../../../src/lib/record/action-names.js';
import type { InForce } from '../../../src/lib/request/in-force.js';
import { assertPlanned } from '../../../src/lib/request/planned.js';
import { scopeOf } from '../../../src/lib/request/scope.js';
import { assertChanges, assertSound, type Said } from '../../../src/lib/request/sound.js';
import { ACCOUNT, CASE_DATA_KEY, caseDataKey, createTeam, PRIMARY, REPLICA, REPOSITORY } from '../../support/people.js';

/** What no quorum may let through, and what a session of the executor may do: judged without AWS. */

const team = createTeam();
const { plan, roster } = team;
const state = { plan, roster } as unknown as InForce;
const key = caseDataKey(team);
const arn = key.arn ?? '';
const otherArn = arn.replace('1234abcd', '9999abcd');
const role = (name: string, account = ACCOUNT) => `arn:aws:iam::${account}:role/${name}`;

const grant = (change: JsonObject = {}): JsonObject => ({
  grantee: role('guest'),
  operations: ['Decrypt'],
  constraint: { type: 'EncryptionContextEquals', pairs: { app: 'x' } },
  retiring: null,
  ...change,
});
const under = (pairs: JsonObject, type = 'EncryptionContextSubset') => ({ constraint: { type, pairs } });
const alias = { alias: 'alias/x' };
const move = { ...alias, to: otherArn };
const to = { arn: otherArn, state: 'Enabled', repository: REPOSITORY, aliasConditions: [] };
const here = { target: CASE_DATA_KEY, aliasConditions: [], to };
const named = { aliasConditions: [{ key: 'kms:RequestAlias' }] };
const policy = plannedKeyPolicy(plan.plan, roster, 'case-data', PRIMARY);
const open = '{"Statement":[{"Action":"kms:*","Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}';
const app = { grantee: role('app') };

const said = (action: ActionName, parameters: JsonObject, preState: JsonObject, name = 'case-data'): Said => ({
  action,
  region: PRIMARY,
  key: { ...key, name },
  parameters,
  preState,
});

describe('T5 T49 T50 T56 T61 no quorum may let it through', () => {
  it.each<[string, ActionName, JsonObject, JsonObject, string?]>([
    ['the policy of the plan', 'key.policy', { policy }, {}],
    ['a new name', 'key.alias-create', alias, { ...here, target: null }],
    ['a name that is there', 'key.alias-create', alias, here],
    ['a name moved to a key of this repository', 'key.alias-move', move, here],
    ['a name taken away', 'key.alias-delete', alias, here],
    ['a grant to anyone under a context', 'key.grant', grant(), {}],
    [
      'a grant to look, under none',
      'key.grant',
      grant({ operations: ['DescribeKey', 'RetireGrant'], constraint: null }),
      {},
    ],
    [
      'a grant to a user under its pairs',
      'key.grant',
      grant({ ...app, ...under({ 'custody:purpose': 'case-data' }) }),
      {},
    ],
    ['and under more', 'key.grant', grant({ ...app, ...under({ a: 'b', 'custody:purpose': 'case-data' }) }), {}],
    [
      'a grant to write, to one who only writes',
      'key.grant',
      grant({ ...app, operations: ['Encrypt'], ...under({ 'custody:purpose': 'audit-ledger' }) }),
      {},
      'audit-ledger',
    ],
    ['an action that asks for nothing', 'key.rotate', {}, {}],
  ])('%s may pass', (_, action, parameters, preState, name) => {
    expect(() => assertSound(state, said(action, parameters, preState, name))).not.toThrow();
  });

  it.each<[string, string, RegExp, ActionName, JsonObject, JsonObject, string?]>([
    ['a policy that KMS rejects', 'POLICY_MALFORMED', /reject/, 'key.policy', { policy: open }, {}],
    [
      'a policy that locks the executor out',
      'REFUSED',
      /./,
      'key.policy',
      { policy: policy.replaceAll('custody-executor', 'else') },
      {},
    ],
    ['a name of another key', 'REFUSED', /another key/, 'key.alias-create', alias, { ...here, target: 'x' }],
    [
      'a new name that decides',
      'REFUSED',
      /kms:RequestAlias/,
      'key.alias-create',
      alias,
      { ...here, ...named, target: null },
    ],
    [
      'a policy that asks for nobody knows what',
      'REFUSED',
      /a condition/,
      'key.alias-delete',
      alias,
      { ...here, aliasConditions: 7 },
    ],
    ['another’s name taken away', 'REFUSED', /stands for x/, 'key.alias-delete', alias, { ...here, target: 'x' }],
    ['no name taken away', 'REFUSED', /no such alias/, 'key.alias-delete', alias, {}],
    ['a name that decides taken away', 'REFUSED', /RequestAlias/, 'key.alias-delete', alias, { ...here, ...named }],
    ['another’s name moved', 'REFUSED', /stands for x/, 'key.alias-move', move, { ...here, target: 'x' }],
    ['a name moved to nothing', 'REFUSED', /there is no key/, 'key.alias-move', move, { ...here, to: null }],
    [
      'a name moved to a foreign key',
      'FOREIGN_KEY',
      /not tagged/,
      'key.alias-move',
      move,
      { ...here, to: { ...to, repository: 'fedcba9876543210' } },
    ],
    [
      'a name moved to an untagged key',
      'FOREIGN_KEY',
      /not tagged/,
      'key.alias-move',
      move,
      { ...here, to: { ...to, repository: null } },
    ],
    [
      'a name moved to another key than was looked at',
      'REFUSED',
      /another key/,
      'key.alias-move',
      { ...move, to: `${otherArn}0` },
      here,
    ],
    [
      'a name moved to its own key',
      'REFUSED',
      /another key/,
      'key.alias-move',
      { ...move, to: arn },
      { ...here, to: { ...to, arn } },
    ],
    [
      'a name moved to a disabled key',
      'REFUSED',
      /is Disabled/,
      'key.alias-move',
      move,
      { ...here, to: { ...to, state: 'Disabled' } },
    ],
    ['a name moved from where it decides', 'REFUSED', /RequestAlias/, 'key.alias-move', move, { ...here, ...named }],
    [
      'a name moved to where it decides',
      'REFUSED',
      /RequestAlias/,
      'key.alias-move',
      move,
      { ...here, to: { ...to, ...named } },
    ],
    [
      'a grantee of another account',
      'REFUSED',
      /not of account/,
      'key.grant',
      grant({ grantee: role('guest', '999922223333') }),
      {},
    ],
    [
      'a retiring principal of another account',
      'REFUSED',
      /not of account/,
      'key.grant',
      grant({ retiring: role('guest', '999922223333') }),
      {},
    ],
    ['the executor as grantee', 'REFUSED', /never uses/, 'key.grant', grant({ grantee: roster.executorRoleArn }), {}],
    [
      'a grant to anyone under no context',
      'REFUSED',
      /needs an encryption context/,
      'key.grant',
      grant({ constraint: null }),
      {},
    ],
    [
      'the same beside looking',
      'REFUSED',
      /needs an encryption context/,
      'key.grant',
      grant({ operations: ['Decrypt', 'DescribeKey'], constraint: null }),
      {},
    ],
    [
      'a grant to a user under none',
      'REFUSED',
      /only with custody:purpose=case-data/,
      'key.grant',
      grant({ ...app, constraint: null }),
      {},
    ],
    [
      'a grant to a user under other pairs',
      'REFUSED',
      /only with/,
      'key.grant',
      grant({ ...app, ...under({ 'custody:purpose': 'x' }) }),
      {},
    ],
    ...['Decrypt', 'ReEncryptFrom', 'ReEncryptTo'].map(
      (operation): [string, string, RegExp, ActionName, JsonObject, JsonObject, string] => [
        `${operation} for one who only writes`,
        'REFUSED',
        /only writes/,
        'key.grant',
        grant({ ...app, operations: ['Encrypt', operation].sort(), ...under({ 'custody:purpose': 'audit-ledger' }) }),
        {},
        'audit-ledger',
      ],
    ),
  ])('%s: %s', (_, code, message, action, parameters, preState, name) => {
    const refused = expect.objectContaining({ code, message: expect.stringMatching(message) });
    expect(() => assertSound(state, said(action, parameters, preState, name))).toThrow(refused);
  });

  it('a user keeps every pair that the plan asks of it, not some', () => {
    const wanted = { 'custody:purpose': 'case-data', tenant: 'a' };
    const [user, ...others] = plan.plan.keys['case-data']?.users ?? [];
    const users = user ? [{ ...user, encryptionContext: wanted }, ...others] : [];
    const keys = { ...plan.plan.keys, 'case-data': { ...plan.plan.keys['case-data'], users } };
    const strict = { roster, plan: { ...plan, plan: { ...plan.plan, keys } } } as unknown as InForce;
    const ask = (pairs: JsonObject) => () =>
      assertSound(strict, said('key.grant', grant({ ...app, ...under(pairs) }), {}));
    expect(ask(wanted)).not.toThrow();
    for (const { tenant, ...some } of [wanted, { ...wanted, tenant: 'b' }]) {
      for (const pairs of [some, { tenant }]) expect(ask(pairs)).toThrow(expect.objectContaining({ code: 'REFUSED' }));
    }
  });

  it('with the interlock the executor reaches a key by everyone’s slots, and of that key alone', () => {
    const roles = { coldExecutorRoleArn: role('custody-cold'), auditorRoleArn: role('custody-auditor') };
    const locked = { ...plan.plan, interlock: roles };
    const whole = plannedInterlock(locked, roster, 'case-data', PRIMARY, { keyId: CASE_DATA_KEY }).policy;
    const ask = (of: typeof locked | typeof plan.plan, name: string) => () =>
      assertSound(
        { roster, plan: { ...plan, plan: of } } as unknown as InForce,
        said('key.policy', { policy: whole }, {}, name),
      );
    expect(ask(locked, 'case-data')).not.toThrow();
    const refused = expect.objectContaining({ code: 'REFUSED' });
    expect(ask(locked, 'root')).toThrow(refused);
    expect(ask(plan.plan, 'case-data')).toThrow(refused);
  });

  it('what is so already is refused or not found; what is not may be asked for', () => {
    const id = { grantId: 'f'.repeat(64) };
    const would = (action: ActionName, parameters: JsonObject, preState: JsonObject) => () =>
      assertChanges(said(action, parameters, preState));
    expect(would('key.revoke', id, { grant: null })).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    expect(would('key.policy', { policy }, { policy })).toThrow(expect.objectContaining({ code: 'REFUSED' }));
    expect(would('key.policy', { policy }, { policy: '{}' })).not.toThrow();
    expect(would('key.rotate', {}, {})).not.toThrow();
  });
});

describe('T49 what plan and roster do not say', () => {
  const replica = { to: REPLICA, policy: plannedKeyPolicy(plan.plan, roster, 'root', REPLICA) };
  it.each<[string, ActionName, string, JsonObject, RegExp | null]>([
    ['a planned replica', 'key.replicate', 'root', replica, null],
    ['a replica beside the plan', 'key.replicate', 'root', { ...replica, to: PRIMARY }, /no root in eu-central-1/],
    ['a replica of a key without', 'key.replicate', 'case-data', replica, /no case-data in eu-west-1/],
    ['a replica under another policy', 'key.replicate', 'root', { ...replica, policy }, /not the one that plan/],
    ['a promotion', 'key.promote', 'root', { to: REPLICA, home: PRIMARY }, null],
    [
      'a promotion that is silent',
      'key.promote',
      'root',
      { to: REPLICA, home: REPLICA },
      /primary Region is eu-central-1/,
    ],
    ['a promotion beside the plan', 'key.promote', 'root', { to: 'us-east-1', home: PRIMARY }, /no root in us-east-1/],
    ['material where the plan wants it', 'key.rotate-imported', 'root', { replicas: [REPLICA] }, null],
    [
      'material for nowhere',
      'key.rotate-imported',
      'root',
      { replicas: [REPLICA, 'us-east-1'] },
      /no root in us-east-1/,
    ],
    ['another action', 'key.rotate', 'root', { replicas: ['us-east-1'] }, null],
    ['a key that is not planned', 'key.promote', 'other', { to: 'us-east-1', home: '' }, null],
  ])('%s', (_, action, name, parameters, refused) => {
    const ask = () => assertPlanned({ action, key: { ...key, name }, parameters }, plan.plan, roster);
    if (refused === null) expect(ask).not.toThrow();
    else expect(ask).toThrow(expect.objectContaining({ code: 'REFUSED', message: expect.stringMatching(refused) }));
  });
});

describe('T48 the session of the executor', () => {
  const subject = { repository: REPOSITORY, region: PRIMARY, key, nonce: 'ab'.repeat(16) };
  const place = { partition: 'aws', account: ACCOUNT };
  const scope = (action: ActionName, parameters: JsonObject, of: typeof key | null = key) =>
    scopeOf({ ...place, key: of, calls: callsOf(action, { ...subject, key: of }, parameters) });
  const made = { description: '', origin: 'AWS_KMS', multiRegion: false, policy, tags: [], rotationPeriodDays: null };
  const root = { ...key, name: 'root' };
  const there = arn.replace(PRIMARY, REPLICA);
  const aliasArn = (name: string, region = PRIMARY) => `arn:aws:kms:${region}:${ACCOUNT}:${name}`;

  it.each<[string, () => ReturnType<typeof scopeOf>, ReturnType<typeof scopeOf>]>([
    ['one call on one key', () => scope('key.rotate', {}), { actions: ['kms:RotateKeyOnDemand'], resources: [arn] }],
    [
      'a name, on name and key',
      () => scope('key.alias-delete', alias),
      { actions: ['kms:DeleteAlias'], resources: [arn, aliasArn('alias/x')] },
    ],
    [
      'a name moved, on both keys',
      () => scope('key.alias-move', move),
      { actions: ['kms:UpdateAlias'], resources: [arn, otherArn, aliasArn('alias/x')] },
    ],
    [
      'a replica, in its Region too',
      () => scope('key.replicate', { to: REPLICA, description: '', policy, tags: [] }, root),
      {
        actions: ['kms:ReplicateKey', 'kms:CreateAlias', 'kms:TagResource', 'kms:PutKeyPolicy'],
        resources: [arn, there, aliasArn(key.alias, REPLICA)],
        unscoped: ['kms:CreateKey'],
      },
    ],
    [
      'a promotion, in both Regions',
      () => scope('key.promote', { to: REPLICA, home: PRIMARY }),
      { actions: ['kms:UpdatePrimaryRegion'], resources: [arn, there] },
    ],
    [
      'a new key, which has no ARN yet',
      () => scope('key.succeed', { ...made, replicas: [] }),
      { actions: ['kms:CreateKey', 'kms:TagResource', 'kms:PutKeyPolicy'], resources: ['*'] },
    ],
    [
      'nothing at KMS',
      () => scope('key.confirm-destroyed', { deletion: team.planDigest }),
      { actions: [], resources: [arn] },
    ],
    ['no key', () => scopeOf({ ...place, key: null, calls: [] }), { actions: [], resources: ['*'] }],
  ])('%s', (_, found, expected) => {
    expect(found()).toEqual(expected);
  });
});
