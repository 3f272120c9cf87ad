import { CANARY_CONTEXT } from '../base/canary.js';
import type { KeyUser, Plan } from './plan.js';

/** The user of a key that may make its canaries and do nothing else with it; null where the plan has none. */
export function canaryUserOf(plan: Pick<Plan, 'keys'>, name: string): KeyUser | null {
  return plan.keys[name]?.users.find(({ encryptionContext }) => encryptionContext[CANARY_CONTEXT] === name) ?? null;
}

/** The roles that bring canaries back, each once. */
export function drillRolesOf(plan: Pick<Plan, 'keys'>): readonly string[] {
  return [...new Set(Object.keys(plan.keys).flatMap((name) => canaryUserOf(plan, name)?.roleArn ?? []))];
}

/** The role of the drills; null where the plan lets none use its keys. */
export function drillRoleArnOf(plan: Pick<Plan, 'keys'>): string | null {
  return drillRolesOf(plan)[0] ?? null;
}
