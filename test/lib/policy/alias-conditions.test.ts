import { describe, expect, it } from 'vitest';
import { aliasConditionsOf } from '../../../src/lib/policy/alias-conditions.js';
import { lockoutOf } from '../../../src/lib/policy/lockout.js';

const ROLE = 'arn:aws:iam::111122223333:role/custody-executor';
const policy = (...conditions: readonly object[]) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: conditions.map((Condition, at) => ({
      Sid: `S${at}`,
      Effect: 'Allow',
      Principal: { AWS: ROLE },
      Action: 'kms:*',
      Resource: '*',
      Condition,
    })),
  });

const TLS = { Bool: { 'aws:SecureTransport': 'true' } };

describe('conditions on names of a key', () => {
  it.each([
    ['the name of the call', { StringEquals: { 'kms:RequestAlias': 'alias/a' } }],
    ['in another case', { StringLike: { 'KMS:requestALIAS': 'alias/*' } }],
    ['the names that it has', { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': ['alias/a', 'alias/b'] } }],
    ['that there is none', { Null: { 'kms:RequestAlias': 'true' } }],
  ])('%s', (_, condition) => {
    expect(aliasConditionsOf(policy(TLS, condition))).toMatchObject([{ sid: 'S1', effect: 'Allow' }]);
  });

  it.each([
    ['none at all', policy(TLS)],
    [
      'others',
      policy({ StringEquals: { 'kms:ViaService': 'alias' } }, { StringEquals: { 'aws:userid': 'kms:RequestAlias' } }),
    ],
    ['a context that is called so', policy({ StringEquals: { 'kms:EncryptionContext:kms:RequestAlias': 'a' } })],
  ])('not %s', (_, text) => {
    expect(aliasConditionsOf(text)).toEqual([]);
  });

  it.each(['', '{', '[]', '{"Statement":7}'])('a policy that cannot be read is one: %j', (text) => {
    expect(aliasConditionsOf(text)).toHaveLength(1);
  });
});

describe('T50 a lock-out by a name', () => {
  const question = {
    account: '111122223333',
    region: 'eu-central-1',
    keyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    executorRoleArn: ROLE,
    sourceIdentities: ['architect'],
  };

  it('is one: PutKeyPolicy takes no alias, so that no call of it has kms:RequestAlias', () => {
    expect(lockoutOf(policy(TLS), question)).toBeNull();
    for (const key of ['kms:RequestAlias', 'kms:ResourceAliases'])
      expect(lockoutOf(policy({ StringEquals: { [key]: 'alias/cmk/case-data' } }), question)).toContain(
        'policy afterwards',
      );
  });
});
