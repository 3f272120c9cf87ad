import { describe, expect, it, test } from 'vitest';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { callsOf, changesOf, classOf, sentenceOf, undoOf } from '../../../src/lib/record/action.js';
import type { ActionName } from '../../../src/lib/record/action-names.js';
import { caseDataKey, createTeam, PRIMARY, REPOSITORY } from '../../support/people.js';

const team = createTeam();
const key = caseDataKey(team);
const { arn, keyId } = key;
const nonce = 'ab'.repeat(16);
const subject = { repository: REPOSITORY, region: PRIMARY, key, nonce };
const policy = '{"Statement":[],"Version":"2012-10-17"}';
const to = `arn:aws:kms:${PRIMARY}:${team.plan.plan.account}:key/00000000-0000-0000-0000-00000000000b`;
const grantee = `arn:aws:iam::${team.plan.plan.account}:role/app`;
const grantId = 'f'.repeat(64);
const grant = {
  grantee,
  operations: ['Decrypt', 'Encrypt'],
  constraint: { type: 'EncryptionContextEquals', pairs: { app: 'cases' } },
  retiring: null,
};

const rows: readonly (readonly [ActionName, string, JsonObject, string, JsonObject])[] = [
  ['key.policy', 'policy', { policy }, 'PutKeyPolicy', { KeyId: arn, PolicyName: 'default', Policy: policy }],
  ['key.alias-create', 'alias', { alias: 'alias/x' }, 'CreateAlias', { AliasName: 'alias/x', TargetKeyId: arn }],
  ['key.alias-move', 'alias', { alias: 'alias/x', to }, 'UpdateAlias', { AliasName: 'alias/x', TargetKeyId: to }],
  ['key.alias-delete', 'alias', { alias: 'alias/x' }, 'DeleteAlias', { AliasName: 'alias/x' }],
  [
    'key.tag',
    'label',
    { tags: [{ TagKey: 'team', TagValue: '' }] },
    'TagResource',
    { KeyId: arn, Tags: [{ TagKey: 'team', TagValue: '' }] },
  ],
  ['key.untag', 'label', { tagKeys: ['team'] }, 'UntagResource', { KeyId: arn, TagKeys: ['team'] }],
  ['key.describe', 'label', { description: '' }, 'UpdateKeyDescription', { KeyId: arn, Description: '' }],
  [
    'key.grant',
    'grant',
    grant,
    'CreateGrant',
    {
      KeyId: arn,
      Name: nonce,
      GranteePrincipal: grantee,
      Operations: ['Decrypt', 'Encrypt'],
      Constraints: { EncryptionContextEquals: { app: 'cases' } },
    },
  ],
  ['key.revoke', 'revoke', { grantId }, 'RevokeGrant', { KeyId: arn, GrantId: grantId }],
  ['key.retire', 'revoke', { grantId }, 'RetireGrant', { KeyId: arn, GrantId: grantId }],
];

describe('T6 the one call of each action is fixed', () => {
  it.each(rows)('%s', (action, ofClass, parameters, operation, expected) => {
    expect(classOf(action)).toBe(ofClass);
    expect(callsOf(action, subject, parameters)).toEqual([
      { service: 'kms', region: PRIMARY, operation, parameters: expected },
    ]);
    expect(sentenceOf({ action, key, parameters, preState: {} })).toContain('case-data');
    expect(changesOf({ action, key, parameters, preState: {} }).length).toBeGreaterThan(0);
  });

  const name = (length: number) => `alias/${'x'.repeat(length)}`;
  const pairs = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${at}`, 'v']));
  const constraint = (given: JsonObject) => ({
    ...grant,
    constraint: { type: 'EncryptionContextEquals', pairs: given },
  });
  const refused: readonly (readonly [string, ActionName, JsonObject])[] = [
    ['T50 a bypass of the lock-out check', 'key.policy', { policy, BypassPolicyLockoutSafetyCheck: true }],
    ['a policy in another form than the canonical one', 'key.policy', { policy: `${policy} ` }],
    ['a policy with a name twice', 'key.policy', { policy: '{"Statement":[],"Statement":[]}' }],
    ['a policy that is no object', 'key.policy', { policy: '[]' }],
    ['a policy beyond the limit', 'key.policy', { policy: JSON.stringify({ a: 'x'.repeat(32_768) }) }],
    ['an alias of AWS', 'key.alias-create', { alias: 'alias/aws/s3' }],
    ['an alias without its prefix', 'key.alias-create', { alias: 'x' }],
    ['an alias that is a path out', 'key.alias-delete', { alias: 'alias/../x' }],
    ['an alias that is too long', 'key.alias-create', { alias: name(251) }],
    ['an alias as the new target', 'key.alias-move', { alias: 'alias/x', to: 'alias/y' }],
    ['a key id as the new target', 'key.alias-move', { alias: 'alias/x', to: keyId }],
    ['T61 the tag of the repository', 'key.tag', { tags: [{ TagKey: 'custody:repository', TagValue: 'x' }] }],
    ['T57 the same in other letters', 'key.tag', { tags: [{ TagKey: 'CUSTODY:request', TagValue: 'x' }] }],
    ['T61 taking off the tag of the repository', 'key.untag', { tagKeys: ['team', 'custody:repository'] }],
    ['a tag of AWS', 'key.untag', { tagKeys: ['aws:x'] }],
    ['no tag', 'key.tag', { tags: [] }],
    ['a tag with a control character', 'key.tag', { tags: [{ TagKey: 'a', TagValue: '\u001b[31m' }] }],
    ['a description that is too long', 'key.describe', { description: 'x'.repeat(8193) }],
    ['T49 a grant to pass on', 'key.grant', { ...grant, operations: ['CreateGrant'] }],
    ['an operation twice', 'key.grant', { ...grant, operations: ['Decrypt', 'Decrypt'] }],
    ['operations in another order', 'key.grant', { ...grant, operations: ['Encrypt', 'Decrypt'] }],
    ['no operation', 'key.grant', { ...grant, operations: [] }],
    ['an account as grantee', 'key.grant', { ...grant, grantee: 'arn:aws:iam::111122223333:root' }],
    ['an account id as grantee', 'key.grant', { ...grant, grantee: '111122223333' }],
    ['a service as grantee', 'key.grant', { ...grant, grantee: 'backup.amazonaws.com' }],
    ['an empty encryption context', 'key.grant', constraint({})],
    ['nine pairs', 'key.grant', constraint(pairs(9))],
    ['two names that differ in case', 'key.grant', constraint({ app: 'a', APP: 'b' })],
    ['a value that is no text', 'key.grant', constraint({ app: 1 })],
    ['a grant token', 'key.grant', { ...grant, grantTokens: ['x'] }],
    ['a grant by its token', 'key.revoke', { grantToken: 'x' }],
    ['a grant id in other letters', 'key.retire', { grantId: 'F'.repeat(64) }],
  ];
  it.each(refused)('%s is refused', (_, action, parameters) => {
    expect(() => callsOf(action, subject, parameters)).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
  });
});

test('what takes it back is said from the signed state', () => {
  const undo = (action: ActionName, parameters: JsonObject, preState: JsonObject) =>
    undoOf({ action, key, parameters, preState });
  expect(undo('key.alias-create', { alias: 'alias/x' }, {})).toBe('custody keys alias case-data --delete x');
  expect(undo('key.alias-move', { alias: 'alias/x', to }, { arn: arn ?? '' })).toBe(
    `custody keys alias 00000000-0000-0000-0000-00000000000b --move-to ${keyId} --name x`,
  );
  const tags = {
    tags: [
      { TagKey: 'a', TagValue: '1' },
      { TagKey: 'b', TagValue: '2' },
    ],
  };
  expect(undo('key.tag', tags, { tags: { a: '0', b: null } })).toBe(
    'custody keys tag case-data "a=0", then custody keys tag case-data --remove "b"',
  );
  expect(undo('key.revoke', { grantId }, {})).toBeNull();
});
