import type { Digest } from '../base/bytes.js';
import { type Instant, isLaterBy } from '../base/time.js';
import { isVeto } from '../record/action.js';
import { type OpenRecord, ofKind } from '../record/envelope.js';
import { digestOfJson } from '../record/statement.js';
import type { Identity } from '../roster/roster.js';
import { type Basis, CLOCK_TOLERANCE_SECONDS, type Evidence, type Rules, type Verdict } from './evidence.js';
import { judgeOpen } from './open-state.js';
import { isAbout } from './records.js';
import { signerOf } from './signer.js';

export type IntentFinding =
  | { readonly valid: true; readonly signer: Identity; readonly intentDigest: Digest }
  | { readonly valid: false; readonly because: string };

/**
 * An intent is valid when one who may execute signed it, it lists exactly what the tree of its head held, and those
 * records met the quorum at its time. Anything else spends the request without authorising a call.
 */
export function judgeIntent(basis: Basis, intent: OpenRecord<'intent'>, now: Instant): IntentFinding {
  const { evidence, rules } = basis;
  const said = intent.statement.predicate;
  const signer = signerOf(intent, rules.roster);
  if (typeof signer === 'string')
    return no(`its signature is ${signer === 'unknown' ? 'of no listed key' : 'invalid'}`);
  if (signer.id !== said.by || said.repository !== rules.repository)
    return no('it is not by its signer or not for this repository');
  if (said.request !== evidence.request.digest || !isAbout(intent, said.request))
    return no('it is for another request');
  if (said.preStateDigest !== digestOfJson(evidence.request.statement.predicate.preState))
    return no('it is for another state at AWS');
  // Its own time decides whether the quorum held: one dated ahead would skip the cool-off.
  if (isLaterBy(CLOCK_TOLERANCE_SECONDS, now, said.at)) return no('it is dated in the future');
  const seen = evidence.sees.get(intent.fileDigest) ?? null;
  if (seen === null) return no('the head that it names is not in the history');
  // Its signer chose that head: one from before a veto would leave the veto out, one from before a roster would bring back its keys.
  if (evidence.intentPlace === 'under-other-rules') return no('plan or roster were changed before it');
  if (evidence.intentPlace !== 'on-its-head') return no('it was not published on the head that it names');
  const before = evidence.records.filter(({ fileDigest }) => seen.has(fileDigest));
  if (!listsExactly(intent, before)) return no('it leaves out records that its head held');
  const then = {
    ...basis,
    evidence: { ...evidence, records: before },
    rules: { ...rules, inForce: asRequested(evidence) },
  };
  const verdict = judgeOpen(then, said.at, null);
  if (verdict.state !== 'approved') return no(`at its time the request was ${verdict.state}`);
  const fault = executorFault(signer, evidence.request, verdict, rules);
  return fault === null ? { valid: true, signer, intentDigest: intent.digest } : no(fault);
}

function no(because: string): IntentFinding {
  return { valid: false, because };
}

/** What was in force when the intent was made is what the request names: a later change must not undo an execution. */
function asRequested({ request }: Evidence): Rules['inForce'] {
  return {
    planDigest: request.statement.predicate.plan.digest,
    rosterDigest: request.statement.predicate.roster.digest,
  };
}

function listsExactly(intent: OpenRecord<'intent'>, before: readonly OpenRecord[]): boolean {
  const said = intent.statement.predicate;
  const of = (kind: 'approval' | 'rejection' | 'withdrawal') =>
    before.map((record) => ofKind(record, kind)?.fileDigest).filter((digest) => digest !== undefined);
  const same = (listed: readonly string[], found: readonly string[]) =>
    JSON.stringify([...listed].sort()) === JSON.stringify([...found].sort());
  return (
    same(said.approvals, of('approval')) &&
    same(said.rejections, of('rejection')) &&
    same(said.withdrawals, of('withdrawal'))
  );
}

/** Why this identity may not execute this request, or null. */
export function executorFault(
  signer: Identity,
  request: OpenRecord<'request'>,
  verdict: Pick<Verdict, 'requester' | 'approvals'>,
  { plan, frozen }: Rules,
): string | null {
  const { executor, action } = request.statement.predicate;
  if (executor !== null && executor !== signer.id) return `${executor} is named to execute it, not ${signer.id}`;
  if (frozen.has(signer.id)) return `${signer.id} is frozen`;
  // One custodian is all that a veto has: who asks for it must be able to carry it out.
  if (isVeto(action)) return signer.kind === 'custodian' ? null : 'only custodians carry out a veto';
  if (!plan.quorum.requesterMayExecute && signer.person === verdict.requester.person)
    return 'the plan does not let the requester execute';
  const approved = verdict.approvals.some((approval) => approval.counted && approval.signer?.person === signer.person);
  return approved && !plan.quorum.approverMayExecute ? 'the plan does not let an approver execute' : null;
}
