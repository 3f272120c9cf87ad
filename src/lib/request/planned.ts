import type { JsonValue } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { type Plan, regionsOf } from '../plan/plan.js';
import { plannedKeyPolicy } from '../policy/planned.js';
import type { RequestPredicate } from '../record/statement.js';
import type { Roster } from '../roster/roster.js';

/**
 * Refuses what no quorum should have to look through: a replica beside the plan, or under another policy than plan and
 * roster give it there, however it is worded; a promotion that is silent on where the plan wants the
 * primary, and material for a Region that the plan does not give the key.
 * @throws CustodyError REFUSED
 */
export function assertPlanned(
  { action, key, parameters }: Pick<RequestPredicate, 'action' | 'key' | 'parameters'>,
  plan: Plan,
  roster: Roster,
): void {
  const name = key?.name ?? '';
  const planned = plan.keys[name];
  if (!planned) return;
  if (action === 'key.rotate-imported') assertRegions(name, regionsOf(plan, planned), listOf(parameters.replicas));
  if (action === 'key.promote') {
    assertRegions(name, regionsOf(plan, planned), [String(parameters.to)]);
    if (parameters.home === plan.regions.primary) return;
    throw new CustodyError('REFUSED', `the plan's primary Region is ${plan.regions.primary}, not ${parameters.home}`);
  }
  if (action === 'key.replicate') {
    const to = String(parameters.to);
    assertRegions(name, planned.replicas, [to]);
    if (parameters.policy === plannedKeyPolicy(plan, roster, name, to)) return;
    throw new CustodyError(
      'REFUSED',
      `the key policy for ${to} is not the one that plan and roster give ${name} there`,
    );
  }
}

function listOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function assertRegions(name: string, planned: readonly string[], found: readonly string[]): void {
  const beside = found.filter((region) => !planned.includes(region));
  if (beside.length === 0) return;
  throw new CustodyError('REFUSED', `the plan has no ${name} in ${beside.join(', ')}`, {
    details: { planned, found: beside },
    suggestions: ['Change the plan first: custody plan propose.'],
  });
}
