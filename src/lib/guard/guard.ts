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
  /** The same question of a call that is not made yet: a yes is written down when it is. @throws CustodyError REFUSED */
  assertAllowable(call: GuardedCall): Promise<void>;
}

/** @param sink null where there is no ledger to write decisions to yet */
export function createGuard(policy: Policy, sink: GuardSink | null): Guard {
  const decide = async (call: GuardedCall): Promise<Decision> => {
    const decision = policy.decide('guard', inputOf(call));
    // The one place that lets anything through.
    if (decision.allow === true) return decision;
    // It is refused whether or not the refusal can be written down.
    await sink?.record(call, decision).catch(() => undefined);
    throw refusal(call, decision);
  };
  return {
    assertAllowed: async (call) => {
      const decision = await decide(call);
      if (decision.privileged) await sink?.record(call, decision);
    },
    assertAllowable: async (call) => void (await decide(call)),
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
