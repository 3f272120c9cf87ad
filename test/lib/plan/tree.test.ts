import { describe, expect, it } from 'vitest';
import { diffPlans } from '../../../src/lib/plan/draft-diff.js';
import { nearest } from '../../../src/lib/plan/nearest.js';
import type { Plan, PlannedKey } from '../../../src/lib/plan/plan.js';
import { planTree, type TreeNode } from '../../../src/lib/plan/tree.js';
import { draft } from './fixture.js';

const { plan } = draft();

function withKey(name: string, change: Partial<PlannedKey>): Plan {
  const key = plan.keys[name];
  if (!key) throw new Error(`no key ${name}`);
  return { ...plan, keys: { ...plan.keys, [name]: { ...key, ...change } } };
}

const namesOf = (nodes: readonly TreeNode[]): unknown[] => nodes.map(({ name, children }) => [name, namesOf(children)]);

describe('planTree', () => {
  it('goes from the root down, brothers by name', () => {
    expect(namesOf(planTree(withKey('webauthn', { parent: 'case-data' })))).toEqual([
      [
        'root',
        [
          ['audit-ledger', []],
          ['case-data', [['webauthn', []]]],
          ['telemetry-short', []],
        ],
      ],
    ]);
  });

  it('says where each key exists', () => {
    const [root] = planTree(plan);
    expect(root?.regions).toEqual(['eu-central-1', 'eu-west-1']);
    expect(root?.children.map(({ regions }) => regions)).toEqual([0, 1, 2, 3].map(() => ['eu-central-1']));
    expect(root?.key).toBe(plan.keys.root);
  });
});

describe('diffPlans', () => {
  it('finds nothing between equal plans', () => {
    expect(diffPlans(plan, draft().plan)).toEqual([]);
  });

  it('names each field that changed, with both values', () => {
    const changed = withKey('root', { owner: 'Someone', rotation: { automatic: true, periodDays: 180 }, replicas: [] });
    expect(diffPlans(plan, changed)).toEqual([
      { path: 'keys.root.owner', from: 'Security architecture', to: 'Someone' },
      { path: 'keys.root.replicas', from: ['eu-west-1'], to: [] },
      { path: 'keys.root.rotation.periodDays', from: 365, to: 180 },
    ]);
  });

  it('says what was added and removed', () => {
    const user = plan.keys.webauthn?.users[0];
    if (!user) throw new Error('the template has a user');
    const { webauthn, ...rest } = withKey('case-data', {
      users: [...(plan.keys['case-data']?.users ?? []), user],
    }).keys;
    expect(diffPlans(plan, { ...plan, keys: rest })).toEqual([
      { path: 'keys.case-data.users[2]', from: undefined, to: user },
      { path: 'keys.webauthn', from: webauthn, to: undefined },
    ]);
  });
});

describe('nearest', () => {
  it.each([
    ['aprovalWindow', 'approvalWindow'],
    ['OWNER', 'owner'],
    ['zzz', null],
    ['', null],
    ['x'.repeat(65), null],
  ])('%j is probably %j', (name, meant) => {
    expect(nearest(name, ['approvalWindow', 'owner'])).toBe(meant);
  });
});
