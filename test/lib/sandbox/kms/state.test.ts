import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lib/base/canonical-json.js';
import { Table } from '../../../../src/lib/sandbox/kms/table.js';
import { AWAY, Bench, base64, DAY, HOME, MemoryStore, MINUTE, ROOT, roleArn, SECOND, session } from './harness.js';

const Plaintext = base64('plain');

describe('restarts', () => {
  it('keep every material, in its order, whatever the order of the store', () => {
    const kms = new Bench();
    const KeyId = kms.key({ MultiRegion: true });
    const blobs: JsonObject[string][] = [];
    for (let time = 0; time < 5; time++) {
      blobs.push(String(kms.run('Encrypt', { KeyId, Plaintext }).CiphertextBlob));
      kms.run('RotateKeyOnDemand', { KeyId });
      kms.restart();
      kms.wait(MINUTE);
    }
    for (const CiphertextBlob of blobs) expect(kms.run('Decrypt', { CiphertextBlob }).Plaintext).toBe(Plaintext);
    const rotations = kms.run('ListKeyRotations', { KeyId }).Rotations as readonly JsonObject[];
    const dates = rotations.map((entry) => Number(entry.RotationDate));
    expect(dates).toEqual([...dates].sort());
    expect(rotations.at(-1)?.KeyMaterialState).toBe('CURRENT');
  });

  it('count on-demand rotations over a lifetime', () => {
    const kms = new Bench();
    const KeyId = kms.key();
    for (let time = 0; time < 25; time++) {
      kms.run('RotateKeyOnDemand', { KeyId });
      kms.restart();
      kms.wait(MINUTE);
    }
    kms.refuse('LimitExceededException', 'RotateKeyOnDemand', { KeyId });
  });

  it('keep policy, tags, aliases, grants and deletions', () => {
    const kms = new Bench();
    const KeyId = kms.key({ Tags: [{ TagKey: 'a', TagValue: '1' }] });
    kms.run('CreateAlias', { AliasName: 'alias/a', TargetKeyId: KeyId });
    const { GrantId } = kms.run('CreateGrant', { KeyId, GranteePrincipal: roleArn('seat'), Operations: ['Decrypt'] });
    kms.run('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    const look = () => [
      kms.run('GetKeyPolicy', { KeyId }),
      kms.run('ListResourceTags', { KeyId }),
      kms.run('ListAliases'),
      kms.run('ListGrants', { KeyId, GrantId }),
      kms.describe(KeyId),
    ];
    const before = look();
    kms.restart();
    expect(look()).toEqual(before);
    kms.wait(7 * DAY);
    kms.restart();
    kms.refuse('NotFoundException', 'DescribeKey', { KeyId });
  });

  it('leave nothing of a deleted key', () => {
    const kms = new Bench();
    const KeyId = kms.key({ MultiRegion: true });
    kms.run('CreateAlias', { AliasName: 'alias/a', TargetKeyId: KeyId });
    kms.run('CreateGrant', { KeyId, GranteePrincipal: roleArn('seat'), Operations: ['Decrypt'] });
    kms.run('Encrypt', { KeyId, Plaintext });
    kms.run('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    kms.wait(7 * DAY);
    kms.service.settle(kms.now, null);
    expect(kms.store.text()).not.toContain(KeyId);
  });
});

it('a row is not seen before the store has it', () => {
  const store = new MemoryStore();
  const table = new Table(store, 'rows');
  store.put = () => {
    throw new Error('disk full');
  };
  expect(() => table.put('a', { b: 1 })).toThrow('disk full');
  expect(table.get('a')).toBeUndefined();
});

describe('settle', () => {
  it('starts the window of a primary only when the last of several replicas is gone', () => {
    const kms = new Bench();
    const KeyId = kms.key({ MultiRegion: true });
    for (const ReplicaRegion of [AWAY, 'us-east-1']) kms.run('ReplicateKey', { KeyId, ReplicaRegion });
    kms.run('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    kms.in(AWAY, () => kms.run('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 }));
    kms.wait(20 * DAY);
    expect(kms.describe(KeyId).KeyState).toBe('PendingReplicaDeletion');
    kms.in('us-east-1', () => kms.run('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 }));
    kms.wait(7 * DAY);
    expect(kms.describe(KeyId).KeyState).toBe('PendingDeletion');
  });

  it('keeps the material for the replicas when a former primary goes', () => {
    const kms = new Bench();
    const KeyId = kms.key({ MultiRegion: true });
    const { CiphertextBlob } = kms.run('Encrypt', { KeyId, Plaintext });
    kms.run('ReplicateKey', { KeyId, ReplicaRegion: AWAY });
    kms.wait(MINUTE);
    kms.run('UpdatePrimaryRegion', { KeyId, PrimaryRegion: AWAY });
    kms.wait(MINUTE);
    kms.run('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    kms.wait(8 * DAY);
    kms.in(AWAY, () => expect(kms.run('Decrypt', { CiphertextBlob }).Plaintext).toBe(Plaintext));
    kms.refuse('NotFoundException', 'DescribeKey', { KeyId });
  });

  it('finishes an on-demand rotation and automatic ones in the order of their times', () => {
    const kms = new Bench();
    const KeyId = kms.key();
    kms.run('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 });
    kms.run('RotateKeyOnDemand', { KeyId });
    kms.wait(200 * DAY);
    const { Rotations } = kms.run('ListKeyRotations', { KeyId });
    expect((Rotations as readonly JsonObject[]).map((entry) => entry.RotationType)).toEqual([
      'ON_DEMAND',
      'AUTOMATIC',
      'AUTOMATIC',
    ]);
  });
});

describe('grants', () => {
  it('to the account count for its roles as far as their own policies go', () => {
    const kms = new Bench();
    const KeyId = kms.key();
    const { GrantToken } = kms.run('CreateGrant', { KeyId, GranteePrincipal: ROOT, Operations: ['Encrypt'] });
    const GrantTokens = [String(GrantToken)];
    kms.run('PutKeyPolicy', { KeyId, Policy: policyFor(roleArn('admin')) });
    // The seat's identity policy allows everything, but only where the policy of the key hands over to the account.
    kms.judge = ({ resourcePolicy = ROOT }) => resourcePolicy.includes(ROOT);
    kms.as(session('seat'), () => {
      kms.run('Encrypt', { KeyId, Plaintext, GrantTokens });
      kms.refuse('AccessDeniedException', 'Encrypt', { KeyId, Plaintext });
      kms.judge = () => false;
      kms.refuse('AccessDeniedException', 'Encrypt', { KeyId, Plaintext, GrantTokens });
    });
  });

  it('are passed to the authorization, which may still deny', () => {
    const kms = new Bench();
    const KeyId = kms.key();
    kms.run('CreateGrant', { KeyId, GranteePrincipal: roleArn('seat'), Operations: ['Encrypt'] });
    kms.wait(5 * MINUTE);
    kms.as(session('seat'), () => kms.run('Encrypt', { KeyId, Plaintext }));
    expect(kms.question('Encrypt').grantAllows).toBe(true);
    kms.run('Encrypt', { KeyId, Plaintext });
    expect(kms.question('Encrypt').grantAllows).toBeUndefined();
  });

  it('to one session are not for another of the same role', () => {
    const kms = new Bench();
    const KeyId = kms.key();
    const seat = session('seat');
    kms.run('CreateGrant', { KeyId, GranteePrincipal: seat.callerArn, Operations: ['Encrypt'] });
    kms.wait(5 * MINUTE);
    kms.judge = () => false;
    kms.as(seat, () => kms.run('Encrypt', { KeyId, Plaintext }));
    kms.as({ ...seat, callerArn: `${seat.callerArn}2` }, () =>
      kms.refuse('AccessDeniedException', 'Encrypt', { KeyId, Plaintext }),
    );
  });
});

describe('policies', () => {
  it('come back with the same meaning in another layout', () => {
    const kms = new Bench();
    const KeyId = kms.key();
    const policy = policyFor(roleArn('a": b'));
    kms.run('PutKeyPolicy', { KeyId, Policy: policyFor(roleArn('admin')) });
    const { Policy } = kms.run('GetKeyPolicy', { KeyId });
    expect(Policy).not.toBe(policyFor(roleArn('admin')));
    expect(JSON.parse(String(Policy))).toEqual(JSON.parse(policyFor(roleArn('admin'))));
    kms.refuse('MalformedPolicyDocumentException', 'PutKeyPolicy', { KeyId, Policy: policy });
  });

  it('with quotes and colons in their texts stay JSON', () => {
    const kms = new Bench();
    const KeyId = kms.key();
    const Policy = JSON.stringify({ Id: 'a": "b\\": c', Statement: JSON.parse(policyFor(ROOT)).Statement });
    kms.run('PutKeyPolicy', { KeyId, Policy });
    expect(JSON.parse(String(kms.run('GetKeyPolicy', { KeyId }).Policy))).toEqual(JSON.parse(Policy));
  });

  it('in force are the ones that answer, and the refused one changes nothing', () => {
    const kms = new Bench();
    const KeyId = kms.key();
    const before = kms.run('GetKeyPolicy', { KeyId });
    kms.judge = ({ action, resourcePolicy }) => action !== 'kms:PutKeyPolicy' || !resourcePolicy?.includes('seat');
    kms.refuse('MalformedPolicyDocumentException', 'PutKeyPolicy', { KeyId, Policy: policyFor(roleArn('seat')) });
    expect(kms.run('GetKeyPolicy', { KeyId })).toEqual(before);
  });
});

it('an operation that is denied changes nothing', () => {
  const kms = new Bench();
  const KeyId = kms.key({ MultiRegion: true });
  const { CiphertextBlob } = kms.run('Encrypt', { KeyId, Plaintext });
  const before = kms.store.text();
  kms.judge = () => false;
  const denied: readonly (readonly [string, JsonObject])[] = [
    ['CreateKey', {}],
    ['CreateAlias', { AliasName: 'alias/a', TargetKeyId: KeyId }],
    ['Decrypt', { CiphertextBlob: String(CiphertextBlob) }],
    ['DisableKey', { KeyId }],
    ['EnableKeyRotation', { KeyId }],
    ['PutKeyPolicy', { KeyId, Policy: policyFor(ROOT), BypassPolicyLockoutSafetyCheck: true }],
    ['ReplicateKey', { KeyId, ReplicaRegion: AWAY }],
    ['RotateKeyOnDemand', { KeyId }],
    ['ScheduleKeyDeletion', { KeyId }],
    ['TagResource', { KeyId, Tags: [{ TagKey: 'a', TagValue: '1' }] }],
    ['CreateGrant', { KeyId, GranteePrincipal: roleArn('seat'), Operations: ['Decrypt'] }],
    ['UpdateKeyDescription', { KeyId, Description: 'x' }],
  ];
  for (const [operation, input] of denied) kms.refuse('AccessDeniedException', operation, input);
  expect(kms.store.text()).toBe(before);
  expect(kms.region).toBe(HOME);
});

it('delays can be set', () => {
  const kms = new Bench({ delays: { rotation: 0 } });
  const KeyId = kms.key();
  kms.run('RotateKeyOnDemand', { KeyId });
  expect(kms.run('ListKeyRotations', { KeyId }).Rotations).toHaveLength(1);
  kms.wait(SECOND);
});

function policyFor(AWS: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS }, Action: 'kms:*', Resource: '*' }],
  });
}
