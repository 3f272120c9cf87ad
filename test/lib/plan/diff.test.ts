import { describe, expect, it } from 'vitest';
import { instantFromMillis, parseInstant } from '../../../src/lib/base/time.js';
import type { KeyArn, KeyDescription } from '../../../src/lib/key/key.js';
import { diffPlan } from '../../../src/lib/plan/diff.js';
import type { Expectations, ObservedEstate, ObservedKey } from '../../../src/lib/plan/estate.js';
import { type Plan, regionsOf } from '../../../src/lib/plan/plan.js';
import { budgetFinding, onDemandLeft, rotationDue } from '../../../src/lib/plan/rotation-due.js';
import { ACCOUNT, draft } from './fixture.js';

const PRIMARY = 'eu-central-1';
const REPLICA = 'eu-west-1';
const CREATED = parseInstant('2026-01-01T00:00:00.000Z');
const OWN = { 'custody:repository': '0123456789abcdef' };
const { plan } = draft();

function describedKey(name: string, region: string): KeyDescription {
  const at = Object.keys(plan.keys).indexOf(name);
  const multi = plan.keys[name]?.multiRegion ?? false;
  const keyId = multi ? `mrk-${String(at).repeat(32)}` : `${String(at).repeat(8)}-2222-3333-4444-555555555555`;
  return {
    arn: `arn:aws:kms:${region}:${ACCOUNT}:key/${keyId}` as KeyArn,
    keyId,
    region,
    account: ACCOUNT,
    state: 'Enabled',
    spec: 'SYMMETRIC_DEFAULT',
    usage: 'ENCRYPT_DECRYPT',
    origin: 'AWS_KMS',
    description: '',
    createdAt: CREATED,
    deletionAt: null,
    multiRegion: multi
      ? { type: region === PRIMARY ? 'PRIMARY' : 'REPLICA', primaryRegion: PRIMARY, replicaRegions: [REPLICA] }
      : null,
  };
}

function asPlanned(name: string, region: string): ObservedKey {
  const description = describedKey(name, region);
  const periodDays = plan.keys[name]?.rotation.periodDays ?? null;
  return {
    description,
    aliasTarget: description.keyId,
    tags: { ...plan.keys[name]?.tags, ...OWN, 'custody:request': 'r-abcdefghij' },
    rotationStatus: { enabled: true, periodDays, nextAt: null, onDemandStartedAt: null },
    rotations: [],
    policy: `{ "Version": "2012-10-17", "Id": "${name}" }`,
  };
}

function places(of: Plan): [string, string][] {
  return Object.entries(of.keys).flatMap(([name, key]) =>
    regionsOf(of, key).map((region): [string, string] => [region, name]),
  );
}

function byPlace<T>(value: (name: string, region: string) => T): Record<string, Record<string, T>> {
  const found: Record<string, Record<string, T>> = {};
  for (const [region, name] of places(plan)) found[region] = { ...found[region], [name]: value(name, region) };
  return found;
}

/** KMS writes names in another order than we do. */
const EXPECTED: Expectations = {
  policies: byPlace((name) => `{"Id":"${name}","Version":"2012-10-17"}`),
  tags: OWN,
  moves: new Map(),
};

type Change = (key: ObservedKey) => Partial<ObservedKey> | null;

function estate(name = '', region = '', change: Change = () => ({})): ObservedEstate {
  return byPlace((at, where) => {
    const key = asPlanned(at, where);
    if (at !== name || where !== region) return key;
    const changed = change(key);
    return changed === null ? null : { ...key, ...changed };
  });
}

const describedAs =
  (part: Partial<KeyDescription>): Change =>
  ({ description }) => ({ description: { ...description, ...part } });
const REPLICATED = describedKey('root', PRIMARY).multiRegion;

describe('diffPlan', () => {
  it('finds nothing in an estate that is as planned', () => {
    expect(diffPlan(plan, estate(), EXPECTED)).toEqual([]);
  });

  it('T23 never takes what was not looked at for in order', () => {
    const found = diffPlan(plan, {}, EXPECTED);
    expect(found).toHaveLength(places(plan).length);
    expect(found.every(({ kind, severity }) => kind === 'unobserved' && severity === 'critical')).toBe(true);
  });

  it.each<[string, string, string, Change, string, string, string | undefined]>([
    ['a missing key', 'case-data', PRIMARY, () => null, 'missing', 'critical', 'key.create'],
    ['a missing replica', 'root', REPLICA, () => null, 'replica-missing', 'critical', 'key.replicate'],
    [
      'another alias target',
      'root',
      PRIMARY,
      () => ({ aliasTarget: 'mrk-other' }),
      'alias',
      'critical',
      'key.alias-move',
    ],
    ['no alias', 'root', REPLICA, () => ({ aliasTarget: null }), 'alias', 'warning', 'key.alias-create'],
    [
      'a tag of another value',
      'webauthn',
      PRIMARY,
      ({ tags }) => ({ tags: { ...tags, 'data-class': 'x' } }),
      'tags',
      'warning',
      'key.tag',
    ],
    [
      'a tag too many',
      'webauthn',
      PRIMARY,
      ({ tags }) => ({ tags: { ...tags, more: 'x' } }),
      'tags',
      'notice',
      'key.untag',
    ],
    [
      'T61 a key of another repository',
      'root',
      PRIMARY,
      () => ({ tags: {}, policy: null, aliasTarget: null }),
      'foreign',
      'critical',
      undefined,
    ],
    [
      'T49 rotation switched off',
      'root',
      PRIMARY,
      ({ rotationStatus: r }) => ({ rotationStatus: r && { ...r, enabled: false } }),
      'rotation',
      'warning',
      'key.rotation',
    ],
    [
      'another period',
      'root',
      PRIMARY,
      ({ rotationStatus: r }) => ({ rotationStatus: r && { ...r, periodDays: 366 } }),
      'rotation',
      'warning',
      'key.rotation',
    ],
    ['an unknown rotation', 'root', PRIMARY, () => ({ rotationStatus: null }), 'rotation', 'warning', 'key.rotation'],
    ['another policy', 'root', REPLICA, () => ({ policy: '{}' }), 'policy', 'critical', 'key.policy'],
    ['a policy that is not JSON', 'root', REPLICA, () => ({ policy: '{' }), 'policy', 'critical', 'key.policy'],
    ['an unreadable policy', 'root', REPLICA, () => ({ policy: null }), 'policy', 'critical', undefined],
    ['a disabled key', 'root', PRIMARY, describedAs({ state: 'Disabled' }), 'state', 'critical', 'key.enable'],
    [
      'a key in its deletion window',
      'root',
      REPLICA,
      describedAs({ state: 'PendingDeletion' }),
      'state',
      'critical',
      'key.cancel-deletion',
    ],
    ['a key that is being changed', 'root', PRIMARY, describedAs({ state: 'Updating' }), 'state', 'notice', undefined],
    [
      'another account',
      'case-data',
      PRIMARY,
      describedAs({ account: '999999999999' }),
      'account',
      'critical',
      undefined,
    ],
    ['another spec', 'case-data', PRIMARY, describedAs({ spec: 'HMAC_256' }), 'spec', 'critical', undefined],
    ['another usage', 'case-data', PRIMARY, describedAs({ usage: 'SIGN_VERIFY' }), 'usage', 'critical', undefined],
    ['imported material', 'case-data', PRIMARY, describedAs({ origin: 'EXTERNAL' }), 'origin', 'critical', undefined],
    [
      'a multi-Region key where one Region is planned',
      'case-data',
      PRIMARY,
      describedAs({ multiRegion: REPLICATED && { ...REPLICATED, replicaRegions: [] } }),
      'multi-region',
      'critical',
      undefined,
    ],
    [
      'another primary Region',
      'root',
      REPLICA,
      describedAs({ multiRegion: REPLICATED && { ...REPLICATED, type: 'REPLICA', primaryRegion: 'eu-west-9' } }),
      'multi-region',
      'critical',
      'key.promote',
    ],
    [
      'T49 a replica that nobody planned',
      'root',
      PRIMARY,
      describedAs({ multiRegion: REPLICATED && { ...REPLICATED, replicaRegions: [REPLICA, 'us-east-1'] } }),
      'replica-unplanned',
      'critical',
      undefined,
    ],
  ])('finds %s', (_, name, region, change, kind, severity, remedyAction) => {
    const found = diffPlan(plan, estate(name, region, change), EXPECTED);
    expect(found.map(({ expected, found: seen, ...rest }) => rest)).toEqual([
      { key: name, region, kind, severity, ...(remedyAction ? { remedyAction } : {}) },
    ]);
    expect(found[0]?.expected).not.toBe(found[0]?.found);
  });

  it('finds a replica that is another key', () => {
    const found = diffPlan(
      plan,
      estate('root', REPLICA, ({ description }) => ({
        description: { ...description, keyId: 'mrk-x' },
        aliasTarget: 'mrk-x',
      })),
      EXPECTED,
    );
    expect(found.map(({ kind, found: seen }) => [kind, seen])).toEqual([['multi-region', 'key mrk-x']]);
  });

  it('leaves replicas to the creation of a key that is missing', () => {
    const both = { ...estate(), [PRIMARY]: { ...estate()[PRIMARY], root: null }, [REPLICA]: { root: null } };
    expect(diffPlan(plan, both, EXPECTED).map(({ kind, remedyAction }) => [kind, remedyAction])).toEqual([
      ['missing', 'key.create'],
      ['replica-missing', 'key.create'],
    ]);
  });

  it('says nothing of rotation where KMS does not, and of policies it has nothing to compare with', () => {
    const deleted = estate('case-data', PRIMARY, (key) => ({
      ...describedAs({ state: 'PendingDeletion' })(key),
      rotationStatus: null,
    }));
    expect(diffPlan(plan, deleted, EXPECTED).map(({ kind }) => kind)).toEqual(['state']);
    const found = diffPlan(plan, estate(), { ...EXPECTED, policies: {} });
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['policy']));
    expect(found).toHaveLength(places(plan).length);
  });
});

describe('policies under which ciphertexts move', () => {
  const live = asPlanned('case-data', PRIMARY);
  const move = '{"Id":"out","Version":"2012-10-17"}';
  const drifted = (policy: string) => estate('case-data', PRIMARY, () => ({ policy }));
  const found = (policy: string, moves: Expectations['moves']) =>
    diffPlan(plan, drifted(policy), { ...EXPECTED, moves }).map(({ kind, severity, remedyAction }) => [
      kind,
      severity,
      remedyAction,
    ]);

  it('are told of, and no request is made of them', () => {
    const laidOut = '{ "Version": "2012-10-17", "Id": "out" }';
    expect(found(laidOut, new Map([[live.description.arn, move]]))).toEqual([['policy', 'notice', undefined]]);
  });

  it.each([
    ['another policy of the key that is replaced', '{"Id":"mine","Version":"2012-10-17"}', live.description.arn],
    ['the same policy on a key that nobody replaces', move, 'arn:of-another-key'],
    ['the same policy in a Region for which nobody decided it', move, live.description.arn.replace(PRIMARY, REPLICA)],
  ])('are no cover for %s', (_, policy, arn) => {
    expect(found(policy, new Map([[arn, move]]))).toEqual([['policy', 'critical', 'key.policy']]);
  });
});

describe('policies that could not be compared', () => {
  it('T23 are a difference even when both are unknown', () => {
    const blind = estate('root', PRIMARY, () => ({ policy: null }));
    const found = diffPlan(plan, blind, { ...EXPECTED, policies: { ...EXPECTED.policies, [PRIMARY]: {} } });
    expect(found.find(({ key, region }) => key === 'root' && region === PRIMARY)).toMatchObject({
      kind: 'policy',
      expected: 'a policy to compare with',
      found: 'could not be read',
    });
  });
});

describe('rotationDue', () => {
  const DAY = 86_400_000;
  const daysLater = (days: number, millis = 0) => instantFromMillis(Date.parse(CREATED) + days * DAY + millis);
  const planned = { rotation: { automatic: true, periodDays: 90 } };
  const key = asPlanned('telemetry-short', PRIMARY);
  const due = (change: Partial<ObservedKey>, days: number, millis = 0) =>
    rotationDue(planned, { ...key, ...change }, daysLater(days, millis));

  it('counts from the creation, then from the last rotation', () => {
    expect(due({}, 90)).toMatchObject({ due: false, remedyAction: null, lastAt: CREATED, nextAt: daysLater(90) });
    expect(due({}, 90, 1)).toMatchObject({
      due: true,
      remedyAction: 'key.rotate',
      because: 'the last rotation is older than 90 days',
    });
    const rotations = [daysLater(50), daysLater(30)].map((at) => ({
      type: 'ON_DEMAND' as const,
      at,
      keyMaterialId: null,
    }));
    expect(due({ rotations }, 100)).toMatchObject({ due: false, lastAt: daysLater(50), nextAt: daysLater(140) });
    expect(due({ rotations }, 141)).toMatchObject({ due: true });
  });

  it('is due while automatic rotation is off or unknown, unless the plan wants it by hand', () => {
    const rotationStatus = { enabled: false, periodDays: null, nextAt: null, onDemandStartedAt: null };
    for (const status of [rotationStatus, null]) {
      expect(due({ rotationStatus: status }, 1)).toMatchObject({
        due: true,
        remedyAction: 'key.rotation',
        because: 'automatic rotation is off',
      });
    }
    const byHand = { rotation: { automatic: false, periodDays: 90 } };
    expect(rotationDue(byHand, { ...key, rotationStatus }, daysLater(1)).due).toBe(false);
    expect(rotationDue(byHand, { ...key, rotationStatus }, daysLater(91)).due).toBe(true);
  });

  it('prefers that KMS rotates by itself, and tells when nothing is left on demand', () => {
    const off = { enabled: false, periodDays: null, nextAt: null, onDemandStartedAt: null };
    expect(due({ rotationStatus: off }, 91)).toMatchObject({
      remedyAction: 'key.rotation',
      because: 'automatic rotation is off, and the last rotation is older than 90 days',
    });
    const spent = (used: number) =>
      Array.from({ length: used }, () => ({ type: 'ON_DEMAND' as const, at: CREATED, keyMaterialId: null }));
    expect(due({ rotations: spent(24) }, 91)).toMatchObject({ due: true, remedyAction: 'key.rotate' });
    expect(due({ rotations: spent(25) }, 91)).toMatchObject({ due: false, remedyAction: null });
    expect(due({ rotations: spent(25) }, 91).because).toContain('used up');
    const automatic = spent(30).map((rotation) => ({ ...rotation, type: 'AUTOMATIC' as const }));
    expect([onDemandLeft(automatic), onDemandLeft(spent(25)), onDemandLeft(spent(26))]).toEqual([25, 0, 0]);
    const finding = (used: number) => budgetFinding('telemetry-short', { ...key, rotations: spent(used) });
    expect(finding(19)).toEqual([]);
    expect(finding(20)).toMatchObject([{ kind: 'rotation-budget', found: '5 left', severity: 'warning' }]);
    expect(finding(25)).toMatchObject([{ kind: 'rotation-budget', found: '0 left', severity: 'critical' }]);
  });

  it('is never due while a key is disabled: KMS would refuse', () => {
    for (const state of ['Disabled', 'PendingImport', 'Unavailable'] as const)
      expect(due({ description: { ...key.description, state } }, 92)).toMatchObject({ due: false });
  });

  it('is never due while a rotation is under way or the key is being deleted', () => {
    const rotationStatus = { enabled: true, periodDays: 90, nextAt: null, onDemandStartedAt: daysLater(91) };
    expect(due({ rotationStatus }, 92)).toMatchObject({ due: false });
    expect(due({ description: { ...key.description, state: 'PendingDeletion' } }, 92)).toMatchObject({ due: false });
  });
});
