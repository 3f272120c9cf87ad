import { type Plan, type PlannedKey, regionsOf } from './plan.js';

/** A planned key and those below it. */
export interface TreeNode {
  readonly name: string;
  readonly key: PlannedKey;
  /** Where it exists, the primary Region first. */
  readonly regions: readonly string[];
  readonly children: readonly TreeNode[];
}

/** The hierarchy from its root down, brothers by name: one tree, since a plan has one root. */
export function planTree(plan: Plan): readonly TreeNode[] {
  return nodesBelow(plan, null);
}

function nodesBelow(plan: Plan, parent: string | null): readonly TreeNode[] {
  return Object.entries(plan.keys)
    .filter(([, key]) => key.parent === parent)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, key]) => ({ name, key, regions: regionsOf(plan, key), children: nodesBelow(plan, name) }));
}
