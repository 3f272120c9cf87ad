import type { Instant } from '../base/time.js';
import type { ClassRule, Plan } from '../plan/plan.js';
import { isVeto } from '../record/action.js';
import type { OpenRecord } from '../record/envelope.js';
import type { RequestPredicate } from '../record/statement.js';
import type { Roster } from '../roster/roster.js';
import { identitiesOf } from '../roster/rules.js';
import type { Judged } from './evidence.js';

/** What must be satisfied for one class under one plan and roster. */
export interface Demand {
  readonly threshold: number;
  readonly distinctDuties: number;
  readonly coolOffSeconds: number;
  readonly selfApproval: boolean;
}

/** A class can only raise the roster's threshold. A veto needs one custodian, and no plan can make it need more (T29). */
export function demandOf(plan: Plan, roster: Roster, request: Pick<RequestPredicate, 'action' | 'class'>): Demand {
  if (isVeto(request.action)) return VETO;
  const rule: ClassRule = plan.quorum.classes[request.class] ?? {};
  return {
    threshold: Math.max(roster.threshold, rule.threshold ?? 0),
    distinctDuties: rule.distinctRoles ?? 1,
    coolOffSeconds: rule.coolOffSeconds ?? 0,
    selfApproval: rule.selfApproval ?? plan.quorum.selfApproval,
  };
}

const VETO: Demand = { threshold: 1, distinctDuties: 1, coolOffSeconds: 0, selfApproval: true };

export interface Count {
  readonly met: boolean;
  /** When the approvals, in the order of their times, first sufficed. */
  readonly metAt: Instant | null;
  readonly signatures: number;
  readonly duties: number;
}

/**
 * Counts people among valid approvals, never signatures, keys or files (T17). Who a key stands for is asked of `roster`
 * itself: under a change of rosters, a key that only the new one lists must not count for the old quorum (T25).
 */
export function count(approvals: readonly Judged<'approval'>[], demand: Demand, roster: Roster): Count {
  const identities = identitiesOf(roster);
  const people = new Set<string>();
  const duties = new Set<string>();
  let metAt: Instant | null = null;
  for (const { signer, record } of inOrderOfTime(approvals.filter(isValid))) {
    const seat = identities.get(signer?.key.keyId ?? '');
    if (seat?.kind !== 'custodian' || seat.duty === null) continue;
    people.add(seat.person);
    duties.add(seat.duty);
    if (metAt === null && people.size >= demand.threshold && duties.size >= demand.distinctDuties) {
      metAt = record.statement.predicate.at;
    }
  }
  return {
    met: metAt !== null,
    metAt,
    signatures: Math.max(0, demand.threshold - people.size),
    duties: Math.max(0, demand.distinctDuties - duties.size),
  };
}

/** One person's second approval is as valid as the first: it may be by the key that another roster lists. */
export function isValid({ counted, ignoredBecause }: Judged<'approval'>): boolean {
  return counted || ignoredBecause === 'same-person';
}

export function inOrderOfTime<T extends { readonly record: OpenRecord<'approval'> }>(
  approvals: readonly T[],
): readonly T[] {
  const key = ({ record }: T) => `${record.statement.predicate.at} ${record.digest}`;
  return [...approvals].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
