import { CustodyError } from '../base/errors.js';
import type { Plan } from '../plan/plan.js';
import { plannedKeyPolicy } from '../policy/planned.js';
import type { Roster } from '../roster/roster.js';
import type { Proposal } from './open.js';
import type { ResolvedKey } from './subject.js';

type How = Pick<Proposal, 'reason' | 'executor'>;

/** The request that makes a planned replica: always under the policy that plan and roster give the key in that Region. */
export function replicaOf(plan: Plan, roster: Roster, key: ResolvedKey, to: string, how: How): Proposal {
  const { region, ...ref } = key;
  const planned = plan.keys[key.name];
  if (!planned) throw new CustodyError('NOT_FOUND', `the plan has no key ${key.name}`);
  const parameters = {
    to,
    description: planned.purpose,
    policy: plannedKeyPolicy(plan, roster, key.name, to),
    tags: Object.entries(planned.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
  };
  return { action: 'key.replicate', region, key: ref, parameters, ...how };
}

/** The request that makes a replica the primary. */
export function promotionOf(plan: Plan, { region, ...key }: ResolvedKey, to: string, how: How): Proposal {
  return { action: 'key.promote', region, key, parameters: { to, home: plan.regions.primary }, ...how };
}
