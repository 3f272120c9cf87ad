import { isKeyArn, partsOf } from '../key/key.js';
import type { Plan } from '../plan/plan.js';
import type { Case } from './case.js';
import type { KnownKeys } from './estate.js';

/**
 * The keys that names of the plan stand for, as the records say: made by an executed creation, or given the plan's alias by
 * an executed move. A key that is to replace another one has its name only from that move on.
 */
export function knownKeys(plan: Plan, cases: readonly Case[]): KnownKeys {
  const named = cases.flatMap((item) => namedBy(plan, item)).sort((a, b) => (a.at < b.at ? -1 : 1));
  return new Map(named.map(({ name, keyId }) => [name, keyId]));
}

function namedBy(plan: Plan, { request, verdict }: Case) {
  const { action, key, region, parameters } = request.statement.predicate;
  const receipt = verdict.receipt?.statement.predicate;
  if (verdict.state !== 'executed' || !receipt) return [];
  const at = receipt.finishedAt;
  if (action === 'key.create')
    return receipt.key?.keyId ? [{ at, name: receipt.key.name, keyId: receipt.key.keyId }] : [];
  if (action !== 'key.alias-move' || region !== plan.regions.primary || !isKeyArn(parameters.to)) return [];
  const name = key?.name ?? '';
  return plan.keys[name]?.alias === parameters.alias ? [{ at, name, keyId: partsOf(parameters.to).keyId }] : [];
}
