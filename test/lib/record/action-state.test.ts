import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/lib/base/canonical-json.js';
import { callsOf, changesOf, classOf, isVeto, riskOf, sentenceOf, undoOf } from '../../../src/lib/record/action.js';
import type { ActionName } from '../../../src/lib/record/action-names.js';
import { caseDataKey, createTeam, PRIMARY, REPOSITORY } from '../../support/people.js';

const team = createTeam();
const key = caseDataKey(team);
const subject = { repository: REPOSITORY, region: PRIMARY, key, nonce: 'ab'.repeat(16) };
const DELETION = `sha256:${'a'.repeat(64)}`;
const MRK = `arn:aws:kms:eu-west-1:111122223333:key/mrk-${'0'.repeat(32)}`;
const said = (action: ActionName, preState: JsonObject = {}, parameters: JsonObject = {}) => ({
  action,
  key,
  preState,
  parameters,
});

describe('the calls are fixed', () => {
  it.each([
    ['key.rotation-off', {}, 'DisableKeyRotation', {}],
    ['key.enable', {}, 'EnableKey', {}],
    ['key.disable', {}, 'DisableKey', {}],
    ['key.delete', { windowDays: 30 }, 'ScheduleKeyDeletion', { PendingWindowInDays: 30 }],
    ['key.cancel-deletion', {}, 'CancelKeyDeletion', {}],
  ] as const)('%s', (action, parameters, operation, members) => {
    expect(callsOf(action, subject, parameters)).toEqual([
      { service: 'kms', region: PRIMARY, operation, parameters: { KeyId: key.arn, ...members } },
    ]);
  });

  it('key.confirm-destroyed calls nothing at AWS', () => {
    const [call, ...rest] = callsOf('key.confirm-destroyed', subject, { deletion: DELETION });
    expect(rest).toEqual([]);
    expect(call).toMatchObject({ service: 'custody', parameters: { KeyArn: key.arn, Deletion: DELETION } });
  });

  it.each([
    ['key.delete', {}],
    ['key.delete', { windowDays: 7 }],
    ['key.delete', { windowDays: 29 }],
    ['key.delete', { windowDays: 31 }],
    ['key.delete', { windowDays: '30' }],
    ['key.delete', { windowDays: 30, KeyId: 'other' }],
    ['key.rotation-off', { periodDays: 180 }],
    ['key.enable', { KeyId: 'other' }],
    ['key.disable', { KeyId: 'other' }],
    ['key.cancel-deletion', { KeyId: 'other' }],
    ['key.confirm-destroyed', {}],
    ['key.confirm-destroyed', { deletion: 'r-abcdefghij' }],
    ['key.confirm-destroyed', { deletion: DELETION, KeyArn: 'other' }],
  ] as const)('%s refuses other parameters %#', (action, parameters) => {
    expect(() => callsOf(action, subject, parameters)).toThrow(expect.objectContaining({ code: 'RECORD_MALFORMED' }));
  });
});

describe('one power each', () => {
  it('only the cancelling of a deletion is a veto', () => {
    const actions = ['key.rotation-off', 'key.enable', 'key.disable', 'key.delete', 'key.confirm-destroyed'] as const;
    expect([classOf('key.cancel-deletion'), isVeto('key.cancel-deletion')]).toEqual(['veto', true]);
    for (const action of actions)
      expect([action, isVeto(action), classOf(action) === 'veto']).toEqual([action, false, false]);
    expect(new Set(actions.map(classOf)).size).toBe(actions.length);
    expect(riskOf('key.delete')).toBe('critical');
  });
});

describe('words', () => {
  it('say what takes it back, in the same Region', () => {
    const undo = (action: ActionName, preState: JsonObject, parameters: JsonObject = {}) =>
      undoOf(said(action, preState, parameters));
    expect(undo('key.enable', { arn: key.arn ?? '' })).toBe('custody keys disable case-data');
    expect(undo('key.disable', { arn: MRK })).toBe('custody keys enable case-data --in eu-west-1');
    expect(undo('key.rotation-off', { enabled: true, periodDays: 180 })).toBe(
      'custody keys rotation case-data --period-days 180',
    );
    expect(undo('key.delete', { arn: MRK }, { windowDays: 30 })).toContain(
      'custody keys cancel-deletion case-data --in eu-west-1, by any one custodian, until 30 days',
    );
    expect(undo('key.confirm-destroyed', {}, { deletion: DELETION })).toBeNull();
  });

  it('a veto says that the key stays disabled', () => {
    expect(sentenceOf(said('key.cancel-deletion'))).toContain('stays disabled');
    expect(changesOf(said('key.cancel-deletion', { state: 'PendingDeletion' }))[0]).toEqual({
      what: 'state',
      from: 'PendingDeletion',
      to: 'Disabled',
    });
  });

  it('a deletion says all that is lost, and what nobody knows', () => {
    const preState = {
      state: 'Enabled',
      lastUse: { createdAt: 'C', trackedSince: 'T', operation: 'Decrypt', at: '2026-03-01T00:00:00.000Z' },
      aliases: ['alias/a', 'alias/b'],
      grants: ['Decrypt for arn:x (12345678)'],
      dependants: ['audit-ledger', 'case-data'],
      replicas: ['eu-west-1 PendingDeletion until 2026-04-01T00:00:00.000Z'],
    };
    const found = changesOf(said('key.delete', preState, { windowDays: 30 }));
    const from = Object.fromEntries(found.map((change) => [change.what, change.from]));
    expect(from).toMatchObject({
      state: 'Enabled',
      'last use': 'Decrypt, 2026-03-01T00:00:00.000Z',
      ciphertexts: 'custody keeps no list of what is encrypted under it',
      aliases: 'alias/a, alias/b',
      grants: 'Decrypt for arn:x (12345678)',
      'keys below it in the plan': 'audit-ledger, case-data',
      replicas: preState.replicas[0],
    });
    expect(found[0]?.to).toBe('PendingReplicaDeletion');
    expect(found.at(-1)?.to).toContain('begin when the last one is gone');
  });

  it.each([
    [null, 'unknown: KMS does not tell'],
    [{ createdAt: 'T', trackedSince: 'T', operation: null, at: null }, 'never since it was created'],
    [{ createdAt: 'C', trackedSince: 'T', operation: null, at: null }, 'none since T; KMS does not know about before'],
  ])('what KMS says of the last use is told as it is %#', (lastUse, text) => {
    const found = changesOf(said('key.delete', { state: 'Enabled', lastUse }, { windowDays: 30 }));
    expect(found.find(({ what }) => what === 'last use')?.from).toBe(text);
    expect(found.map(({ what }) => what)).not.toContain('replicas');
  });
});
