import { CustodyError } from '../base/errors.js';
import { type Instant, millisOf } from '../base/time.js';
import { diffPlan } from '../plan/diff.js';
import type { Difference, ObservedEstate, ObservedKey } from '../plan/estate.js';
import { type Plan, type PlannedKey, regionsOf } from '../plan/plan.js';
import { budgetFinding, onDemandLeft, rotationDue } from '../plan/rotation-due.js';
import { enforcementOf, type LivePolicy, type RolesStanding } from '../policy/enforcement.js';
import type { Decided } from '../request/decided.js';
import { expectationsOf } from '../request/estate.js';
import type { InForce } from '../request/in-force.js';

/** What is known of the keys together. */
export interface KeySurroundings {
  readonly decided: Decided;
  /** Findings on approval slots, each with its key. */
  readonly slots: readonly Difference[];
  /** Null where nobody looked at the roles. */
  readonly roles: RolesStanding | null;
}

/** Everything that plan, AWS and the records say of one key, as `keys list` and `status` show it. Pure. */
export function keyFacts(
  state: Pick<InForce, 'plan' | 'roster'>,
  estate: ObservedEstate,
  name: string,
  { decided: { moves }, slots, roles }: KeySurroundings,
  now: Instant,
) {
  const { plan } = state.plan;
  const planned = plan.keys[name];
  if (!planned) throw new CustodyError('NOT_FOUND', `the plan has no key ${name}`);
  const region = plan.regions.primary;
  const live = estate[region]?.[name] ?? null;
  const only = { ...plan, keys: { [name]: planned } };
  const findings = [
    ...diffPlan(only, estate, expectationsOf(plan, state.roster, estate, moves)),
    ...(live ? budgetFinding(name, live) : []),
    ...slots.filter(({ key }) => key === name),
  ];
  return {
    name,
    parent: planned.parent,
    alias: planned.alias,
    purpose: planned.purpose,
    arn: live?.description.arn ?? null,
    keyId: live?.description.keyId ?? null,
    region,
    deletionAt: live?.description.deletionAt ?? null,
    state: live?.description.state ?? (estate[region] && name in (estate[region] ?? {}) ? 'missing' : 'unread'),
    multiRegion: live ? live.description.multiRegion !== null : planned.multiRegion,
    replicas: planned.replicas.map((where) => ({
      region: where,
      state: estate[where]?.[name]?.description.state ?? null,
    })),
    ...rotationFacts(planned, live, now),
    enforcement: enforcementOf(plan, state.roster, name, livePolicies(plan, planned, estate, name), roles),
    findings,
  };
}

function rotationFacts(planned: PlannedKey, live: ObservedKey | null, now: Instant) {
  const due = live ? rotationDue(planned, live, now) : null;
  return {
    rotationEnabled: live?.rotationStatus?.enabled ?? false,
    rotationPeriodDays: live?.rotationStatus?.periodDays ?? null,
    lastRotationAt: due?.lastAt ?? null,
    nextRotationAt: nextOf(live, due?.nextAt ?? null),
    rotationDue: due?.due ?? false,
    rotationBecause: due?.because ?? null,
    onDemandRotationsLeft: live ? onDemandLeft(live.rotations) : null,
  };
}

/** Each Region of the plan has a policy of its own, and the weakest one counts. */
function livePolicies(plan: Plan, planned: PlannedKey, estate: ObservedEstate, name: string): readonly LivePolicy[] {
  return regionsOf(plan, planned).flatMap((region) => {
    const live = estate[region]?.[name];
    return live ? [{ region, keyId: live.description.keyId, policy: live.policy }] : [];
  });
}

export type KeyFacts = ReturnType<typeof keyFacts>;

/** KMS's own date where it rotates by itself, the plan's where it comes earlier. */
function nextOf(live: ObservedKey | null, planned: Instant | null): Instant | null {
  const byKms = live?.rotationStatus?.nextAt ?? null;
  if (byKms === null || planned === null) return planned;
  return millisOf(byKms) < millisOf(planned) ? byKms : planned;
}
