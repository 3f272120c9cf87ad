import type { Digest } from '../base/bytes.js';
import { addSeconds, type Instant } from '../base/time.js';
import type { OpenRecord } from '../record/envelope.js';
import type { Roster } from '../roster/roster.js';
import { type Count, count, type Demand, demandOf, isValid } from './count.js';
import type { Basis, Evidence, Judged, RequestState, Rules, Verdict } from './evidence.js';
import { type JudgedRecords, judgeRecords } from './records.js';

export type State = { readonly state: RequestState; readonly because: string };

/**
 * What a request is as long as no intent has consumed it.
 * @param visible only these files count; null for all of them
 */
export function judgeOpen(basis: Basis, now: Instant, visible: ReadonlySet<Digest> | null): Verdict {
  const { evidence, rules, requester } = basis;
  const judged = judgeRecords(basis, now, visible);
  const demands = demandsOf(evidence.request, rules);
  const counts = demands.map(({ demand, roster }) => count(judged.approvals, demand, roster));
  const newKeys = missingNewKeys(judged.approvals, rules);
  const times = timesOf(
    evidence.request,
    demands.map(({ demand }) => demand),
    counts,
    newKeys,
  );
  const { state, because } = stateOf(evidence, rules, now, { judged, times, newKeys });
  return {
    state,
    because,
    requester,
    threshold: Math.max(...demands.map(({ demand }) => demand.threshold)),
    approvals: judged.approvals,
    rejections: judged.rejections,
    withdrawals: judged.withdrawals,
    approvedAt: times.approvedAt,
    coolUntil: times.coolUntil,
    executeBy: times.executeBy,
    missing: {
      signatures: Math.max(...counts.map(({ signatures }) => signatures)),
      duties: Math.max(...counts.map(({ duties }) => duties)),
      newKeys,
    },
    intent: null,
    receipt: null,
  };
}

interface DemandOn {
  readonly demand: Demand;
  readonly roster: Roster;
}

/** The rules in force and, for a change of rules, those that would follow. */
function demandsOf(request: OpenRecord<'request'>, rules: Rules): readonly DemandOn[] {
  const sets = [{ plan: rules.plan, roster: rules.roster }, ...(rules.next ? [rules.next] : [])];
  return sets.map(({ plan, roster }) => ({
    roster,
    demand: demandOf(plan, roster, request.statement.predicate),
  }));
}

/** Keys that a new roster brings and that have not signed for it: each proves that its holder has it. */
function missingNewKeys(approvals: readonly Judged<'approval'>[], { roster, next }: Rules): number {
  if (!next || next.roster === roster) return 0;
  const known = new Set(
    [...roster.custodians, ...roster.automation].flatMap(({ keys }) => keys.map(({ keyId }) => keyId)),
  );
  const signed = new Set(approvals.filter(isValid).map(({ signer }) => signer?.key.keyId));
  return next.roster.custodians
    .flatMap(({ keys }) => keys)
    .filter(({ keyId }) => !known.has(keyId) && !signed.has(keyId)).length;
}

interface Times {
  readonly approvedAt: Instant | null;
  readonly coolUntil: Instant | null;
  readonly executeBy: Instant | null;
}

function timesOf(
  request: OpenRecord<'request'>,
  demands: readonly Demand[],
  counts: readonly Count[],
  newKeys: number,
): Times {
  if (newKeys > 0 || !counts.every(({ met }) => met)) return { approvedAt: null, coolUntil: null, executeBy: null };
  const approvedAt = counts
    .map(({ metAt }) => metAt ?? request.statement.predicate.at)
    .reduce((a, b) => (a > b ? a : b));
  const coolOff = Math.max(...demands.map(({ coolOffSeconds }) => coolOffSeconds));
  const start = addSeconds(approvedAt, coolOff);
  return {
    approvedAt,
    coolUntil: coolOff > 0 ? start : null,
    executeBy: addSeconds(start, request.statement.predicate.executeWithinSeconds),
  };
}

interface Found {
  readonly judged: JudgedRecords;
  readonly times: Times;
  readonly newKeys: number;
}

/** Terminal states first: a rejection beats approvals, then the windows. */
function stateOf({ request }: Evidence, rules: Rules, now: Instant, { judged, times, newKeys }: Found): State {
  const said = request.statement.predicate;
  const rejection = judged.rejections.find(({ counted }) => counted);
  if (rejection) return { state: 'rejected', because: `rejected by ${rejection.signer?.id}` };
  const withdrawal = judged.withdrawals.find(
    ({ counted, record }) => counted && record.statement.predicate.withdraws === request.digest,
  );
  if (withdrawal) return { state: 'withdrawn', because: `withdrawn by ${withdrawal.signer?.id}` };
  if (said.roster.digest !== rules.inForce.rosterDigest)
    return { state: 'expired', because: 'the roster has changed since' };
  if (said.plan.digest !== rules.inForce.planDigest) return { state: 'expired', because: 'the plan has changed since' };
  if (times.approvedAt === null || times.executeBy === null) {
    if (now > said.approveBy) return { state: 'expired', because: `the quorum was not met by ${said.approveBy}` };
    return { state: 'pending', because: newKeys > 0 ? 'a new key has not signed yet' : 'the quorum is not met' };
  }
  if (times.coolUntil !== null && now < times.coolUntil)
    return { state: 'cooling', because: `cooling off until ${times.coolUntil}` };
  if (now > times.executeBy) return { state: 'expired', because: `it was not executed by ${times.executeBy}` };
  return { state: 'approved', because: 'the quorum is met' };
}
