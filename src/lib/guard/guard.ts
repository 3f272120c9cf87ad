import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import type { Decision, GuardedCall } from './decision.js';
import type { Policy } from './policy.js';
import type { GuardSink } from './sink.js';

/** Stands before AWS: what it does not let through is not sent. */
export interface Guard {
  /**
   * Judges a call, and writes the decision down where it is a no, or a yes to a change.
   * @throws CustodyError REFUSED with `details.rules` · what the sink throws: a change that cannot be written down is not made
   */
  assertAllowed(call: GuardedCall): Promise<void>;
}

/** @param sink null where there is no ledger to write decisions to yet */
export function createGuard(policy: Policy, sink: GuardSink | null): Guard {
  return {
    assertAllowed: async (call) => {
      const decision = policy.decide('guard', inputOf(call));
      // Again at the one place that lets anything through.
      if (decision.allow === true) {
        if (decision.privileged) await sink?.record(call, decision);
        return;
      }
      // It is refused whether or not the refusal can be written down.
      await sink?.record(call, decision).catch(() => undefined);
      throw refusal(call, decision);
    },
  };
}

function inputOf(call: GuardedCall): JsonObject {
  const { quorum, ...others } = call;
  return { ...others, source: 'process', resources: [], quorum: quorum === null ? null : { ...quorum } };
}

function refusal({ service, operation, purpose }: GuardedCall, { rules }: Decision): CustodyError {
  return new CustodyError('REFUSED', `the guard does not let ${service} ${operation} through: ${rules.join(', ')}`, {
    details: { service, operation, purpose, rules, maybeDone: false },
    suggestions: ['docs/guard.md says what each rule is for. No flag takes the guard away.'],
  });
}
