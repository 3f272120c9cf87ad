import { describe, expect, it } from 'vitest';
import { ACTION_CLASSES } from '../../../src/lib/base/action-class.js';
import { assertByTable, callsOf, changesOf, classOf, riskOf, sentenceOf } from '../../../src/lib/record/action.js';
import { ACTION_NAMES } from '../../../src/lib/record/action-names.js';
import type { RequestPredicate } from '../../../src/lib/record/statement.js';
import { createProposal } from '../../../src/lib/request/estate.js';
import { planProposal } from '../../../src/lib/request/open.js';
import { caseDataKey, createTeam, PRIMARY, REPLICA, REPOSITORY, requestPredicate } from '../../support/people.js';

const team = createTeam();
const malformed = expect.objectContaining({ code: 'RECORD_MALFORMED' });
const subject = { repository: REPOSITORY, region: PRIMARY, key: caseDataKey(team), nonce: 'ab'.repeat(16) };
const { arn } = caseDataKey(team);

const rotate = requestPredicate(team);
const rotation = requestPredicate(team, { action: 'key.rotation', parameters: { periodDays: 180 } });
const create = requestPredicate(team, createProposal(team.plan.plan, team.roster, 'root', '', null));
const update = requestPredicate(team, planProposal(team.plan, team.plan.plan, '', null));

describe('the calls of each action are fixed', () => {
  it('key.rotate', () => {
    expect(callsOf('key.rotate', subject, {})).toEqual([
      { service: 'kms', region: PRIMARY, operation: 'RotateKeyOnDemand', parameters: { KeyId: arn } },
    ]);
  });

  it('key.rotation', () => {
    expect(callsOf('key.rotation', subject, { periodDays: 180 })).toEqual([
      {
        service: 'kms',
        region: PRIMARY,
        operation: 'EnableKeyRotation',
        parameters: { KeyId: arn, RotationPeriodInDays: 180 },
      },
    ]);
  });

  it('key.create: policy and tags with the key itself, and with each replica', () => {
    const said = create.calls.map(({ region, operation }) => `${operation} ${region}`);
    expect(said).toEqual([
      `CreateKey ${PRIMARY}`,
      `CreateAlias ${PRIMARY}`,
      `EnableKeyRotation ${PRIMARY}`,
      `ReplicateKey ${PRIMARY}`,
      `CreateAlias ${REPLICA}`,
    ]);
    for (const call of create.calls.filter(({ operation }) => /^(Create|Replicate)Key$/.test(operation))) {
      expect(call.parameters).toMatchObject({
        Policy: expect.stringContaining('"Statement"'),
        Tags: expect.arrayContaining([
          { TagKey: 'custody:repository', TagValue: REPOSITORY },
          { TagKey: 'custody:request', TagValue: create.nonce },
        ]),
      });
      expect(call.parameters).not.toHaveProperty('BypassPolicyLockoutSafetyCheck');
    }
  });

  it('plan.update calls nothing at AWS', () => {
    expect(update.calls).toEqual([
      {
        service: 'custody',
        region: '',
        operation: 'UpdatePlan',
        parameters: { version: 2, digest: update.parameters.digest },
      },
    ]);
  });

  it.each([
    ['key.rotate', { KeyId: 'other' }],
    ['key.rotation', {}],
    ['key.rotation', { periodDays: 89 }],
    ['key.rotation', { periodDays: 2561 }],
    ['key.rotation', { periodDays: 180, KeyId: 'other' }],
    ['key.create', {}],
    ['key.create', { ...create.parameters, BypassPolicyLockoutSafetyCheck: true }],
    ['plan.update', { version: 1 }],
    ['plan.update', { ...update.parameters, version: 1 }],
  ] as const)('%s refuses other parameters %#', (action, parameters) => {
    expect(() => callsOf(action, subject, parameters)).toThrow(malformed);
  });

  it('refuses a rotation of no key', () => {
    expect(() => callsOf('key.rotate', { ...subject, key: null }, {})).toThrow(malformed);
    expect(() => callsOf('key.rotate', { ...subject, key: { ...caseDataKey(team), arn: null } }, {})).toThrow(
      malformed,
    );
  });
});

describe('assertByTable', () => {
  it.each([rotate, rotation, create, update])('takes what the table gives %#', (said) => {
    expect(() => assertByTable(said)).not.toThrow();
  });

  const [call] = rotate.calls;
  const cases: readonly (readonly [string, Partial<RequestPredicate>])[] = [
    ['a call more', { calls: [...rotate.calls, ...rotation.calls] }],
    ['another call', { calls: rotation.calls }],
    ['another Region', { calls: call ? [{ ...call, region: REPLICA }] : [] }],
    ['another key', { calls: call ? [{ ...call, parameters: { KeyId: `${arn}0` } }] : [] }],
    ['a parameter more', { calls: call ? [{ ...call, parameters: { ...call.parameters, DryRun: true } }] : [] }],
    ['another class', { class: 'label' }],
    ['another action', { action: 'key.rotation', parameters: { periodDays: 180 } }],
    ['calls of another nonce', { ...create, nonce: 'cd'.repeat(16) }],
    ['calls in another order', { ...create, calls: [...create.calls].reverse() }],
  ];
  it.each(cases)('refuses %s', (_, change) => {
    expect(() => assertByTable({ ...rotate, ...change })).toThrow(malformed);
  });
});

describe('words', () => {
  it('say what happens, from the parameters alone', () => {
    expect(sentenceOf(rotate)).toContain('Rotate the key case-data now');
    expect(sentenceOf(rotation)).toBe('Rotate the key case-data automatically every 180 days.');
    expect(sentenceOf(create)).toBe(
      `Create the key root as a multi-Region key with replicas in ${REPLICA}, rotated every 365 days.`,
    );
    expect(sentenceOf(update)).toBe('Put plan 2 in force.');
    const other: RequestPredicate = { ...rotate, reason: 'harmless' };
    expect(sentenceOf(other)).toBe(sentenceOf(rotate));
  });

  it('say what changes', () => {
    const before = { rotationCount: 3, lastRotation: null, enabled: true, periodDays: 365 };
    expect(changesOf({ ...rotate, preState: before })).toContainEqual({ what: 'rotations so far', from: '3', to: '4' });
    expect(changesOf({ ...rotation, preState: before })).toEqual([
      { what: 'automatic rotation', from: 'every 365 days', to: 'every 180 days' },
    ]);
    expect(changesOf({ ...rotation, preState: { enabled: false } })[0]?.from).toBe('off');
    expect(changesOf(create).map(({ what }) => what)).toContain(`replica in ${REPLICA}`);
  });

  it('give every action a class and a risk', () => {
    for (const action of ACTION_NAMES) {
      expect(ACTION_CLASSES).toContain(classOf(action));
      expect(['low', 'medium', 'high', 'critical']).toContain(riskOf(action));
    }
    expect(riskOf('plan.update')).toBe('critical');
  });
});
