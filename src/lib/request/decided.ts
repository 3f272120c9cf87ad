import { isObject } from '../base/fields.js';
import { inRegion, isKeyArn, type KeyArn, partsOf } from '../key/key.js';
import { type Plan, regionsOf } from '../plan/plan.js';
import { plannedKeyPolicy } from '../policy/planned.js';
import type { Roster } from '../roster/roster.js';
import type { Case } from './case.js';
import { decidedDeletions } from './destruction.js';
import { type Succession, successionsOf } from './successors.js';

/** What a quorum has decided for a time, so that it is no drift, though the plan says otherwise. */
export interface Decided {
  /** ARNs of keys that are to be deleted. */
  readonly deletions: ReadonlySet<string>;
  /** Policies under which ciphertexts move between a key and the one that replaces it, by key ARN. */
  readonly moves: ReadonlyMap<string, string>;
}

export const NOTHING_DECIDED: Decided = { deletions: new Set(), moves: new Map() };

/** What stands of the executed requests: nothing that a later one has changed again. */
export function decidedBy(plan: Plan, roster: Roster, cases: readonly Case[]): Decided {
  return { deletions: decidedDeletions(cases), moves: movesBy(plan, roster, cases) };
}

function movesBy(plan: Plan, roster: Roster, cases: readonly Case[]): ReadonlyMap<string, string> {
  const last = lastPolicies(cases);
  const found = new Map<string, string>();
  for (const succession of successionsOf(cases)) {
    for (const { arn, policy } of movePolicies(plan, roster, succession)) {
      if (last.get(arn) === policy) found.set(arn, policy);
    }
  }
  return found;
}

function movePolicies(plan: Plan, roster: Roster, { name, old, successor }: Succession) {
  const planned = plan.keys[name];
  if (!planned) return [];
  const regions = new Set([...regionsOf(plan, planned), partsOf(old).region]);
  return [...regions].flatMap((region) => [
    { arn: inRegion(old, region), policy: plannedKeyPolicy(plan, roster, name, region, 'out') },
    { arn: inRegion(successor, region), policy: plannedKeyPolicy(plan, roster, name, region, 'in') },
  ]);
}

/** The policy that the last executed request gave each key. */
function lastPolicies(cases: readonly Case[]): ReadonlyMap<KeyArn, string> {
  const given = cases.flatMap(policiesBy).sort((a, b) => (a.at < b.at ? -1 : 1));
  return new Map(given.map(({ arn, policy }) => [arn, policy]));
}

function policiesBy({ request, verdict }: Case) {
  const { action, parameters } = request.statement.predicate;
  const receipt = verdict.receipt?.statement.predicate;
  const arn = receipt?.key?.arn;
  if (verdict.state !== 'executed' || !receipt || !isKeyArn(arn)) return [];
  const given = (where: KeyArn, policy: unknown) => ({ at: receipt.finishedAt, arn: where, policy: String(policy) });
  if (action === 'key.policy') return [given(arn, parameters.policy)];
  if (action !== 'key.succeed') return [];
  const replicas = Array.isArray(parameters.replicas) ? parameters.replicas.filter(isObject) : [];
  return [
    given(arn, parameters.policy),
    ...replicas.map(({ region, policy }) => given(inRegion(arn, String(region)), policy)),
  ];
}
