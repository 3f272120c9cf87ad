import type { Warrant } from '../key/warrant.js';
import { isVeto } from '../record/action.js';
import type { Case } from './case.js';

/** In whose name the calls of a request are made: what its verdict says, for the guard to judge once more. */
export function warrantOf({ id, request, verdict }: Case, executor: { readonly id: string }): Warrant {
  const said = request.statement.predicate;
  return {
    purpose: isVeto(said.action) ? 'veto' : 'execute',
    // What its state says was read from AWS just before: the tag, the policy, that nothing else hangs on it.
    ...(said.action === 'drill.cycle' && said.key?.arn ? { scratch: said.key.arn } : {}),
    quorum: {
      requestId: id,
      digest: request.digest,
      action: said.action,
      class: said.class,
      approvals: approversOf(verdict),
      threshold: verdict.threshold,
      executor: executor.id,
      operations: [...new Set(said.calls.map(({ operation }) => operation))],
      key: said.key?.name ?? null,
    },
  };
}

/** People, not signatures: who signed twice is one. */
function approversOf({ approvals }: Case['verdict']): number {
  return new Set(approvals.flatMap(({ counted, signer }) => (counted && signer ? [signer.id] : []))).size;
}
