import type { Judged } from '../quorum/evidence.js';
import { changesOf } from '../record/action.js';
import type { Case } from '../request/case.js';
import { policyChangeOf } from '../request/policy-change.js';

/** The shapes that `--json` prints (docs/json.md, schemas/). */

/** A request as every command shows it. */
export function requestJson({ id, request, rules, verdict, unreadable }: Case) {
  const said = request.statement.predicate;
  const policy = policyChangeOf(rules, said);
  return {
    id,
    digest: request.digest,
    action: said.action,
    class: said.class,
    key: said.key ? { ...said.key, region: said.region } : null,
    state: verdict.state,
    because: verdict.because,
    reason: said.reason,
    requester: said.by,
    executor: said.executor,
    createdAt: said.at,
    approveBy: said.approveBy,
    ...(verdict.coolUntil ? { coolUntil: verdict.coolUntil } : {}),
    ...(verdict.executeBy ? { executeBy: verdict.executeBy } : {}),
    threshold: verdict.threshold,
    missing: verdict.missing,
    approvals: verdict.approvals.map(judgedJson),
    rejections: verdict.rejections.map((item) => ({ ...judgedJson(item), ...saidIn(item) })),
    withdrawals: verdict.withdrawals.map((item) => ({ ...judgedJson(item), ...saidIn(item) })),
    calls: said.calls,
    changes: changesOf(said),
    ...(policy ? { policyChange: { difference: policy.difference, beyondPlan: policy.beyondPlan } } : {}),
    preState: said.preState,
    plan: said.plan,
    roster: said.roster,
    account: said.account,
    endpoint: said.endpoint,
    tool: said.tool,
    ...(verdict.receipt ? { receipt: receiptJson(verdict.receipt.statement.predicate, id) } : {}),
    ...(unreadable.length > 0 ? { unreadable } : {}),
  };
}

function saidIn({ record }: Judged<'rejection'> | Judged<'withdrawal'>) {
  const said = record.statement.predicate;
  return { reason: said.reason, ...('withdraws' in said ? { withdraws: said.withdraws } : {}) };
}

function judgedJson({
  record,
  signer,
  counted,
  ignoredBecause,
}: Judged<'approval'> | Judged<'rejection'> | Judged<'withdrawal'>) {
  const said = record.statement.predicate;
  return {
    custodian: signer?.id ?? said.by,
    role: signer?.duty ?? null,
    digest: record.digest,
    signedAt: said.at,
    tool: said.tool.digest,
    counted,
    ...(ignoredBecause ? { ignoredBecause } : {}),
  };
}

export type RequestJson = ReturnType<typeof requestJson>;

/** What a receipt says, with the id of its request. */
export function receiptJson(
  receipt: NonNullable<Case['verdict']['receipt']>['statement']['predicate'],
  requestId: string,
) {
  const {
    outcome,
    startedAt,
    finishedAt,
    awsRequestIds,
    preStateDigest,
    postStateDigest,
    enforcement,
    key,
    error,
    by,
  } = receipt;
  return {
    requestId,
    executor: by,
    outcome,
    startedAt,
    finishedAt,
    awsRequestIds,
    preStateDigest,
    postStateDigest,
    enforcement,
    key,
    ...(error ? { error } : {}),
  };
}
