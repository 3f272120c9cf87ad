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

/** Names of the keys right below one. */
export function childrenOf(plan: Pick<Plan, 'keys'>, name: string): readonly string[] {
  const below = Object.entries(plan.keys).filter(([, { parent }]) => parent === name);
  return below.map(([child]) => child).sort();
}

function nodesBelow(plan: Plan, parent: string | null): readonly TreeNode[] {
  return Object.entries(plan.keys)
    .filter(([, key]) => key.parent === parent)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, key]) => ({ name, key, regions: regionsOf(plan, key), children: nodesBelow(plan, name) }));
}
