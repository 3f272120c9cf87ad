import type { ClaimId } from '../claims.js';
import type { Context } from '../keys.js';
import { missing, worldOf } from './key-case.js';
import { keepingTo } from './pins.js';
import { approvalOf, IDENTITY, idsOf, type Sitting, tags, within } from './sitting.js';
import type { ProofClass, ProofSeat } from './subject.js';
import { quorums, ruleOf } from './subsets.js';

/** Each set of custodians of the threshold gets its action through, with someone who executes. */
export function proveAllowed(sittings: readonly Sitting[], one: ProofClass): void {
  const [first] = sittings;
  if (first === undefined) return;
  const { it, interlock, executor } = first;
  if (one.optional && within(first, one).length === 0) return;
  for (const some of quorums(interlock, ruleOf(interlock, one))) {
    for (const operation of one.operations) {
      const allowed = sittings.some((sitting) => mayWith(sitting, one, some, operation));
      const claims: ClaimId[] =
        operation === 'PutKeyPolicy' ? ['at-threshold-allowed', 'no-lockout'] : ['at-threshold-allowed'];
      const sentence = `${executor.words} cannot %s with approvals of ${idsOf(some)}, class ${one.id}`;
      for (const claim of claims) {
        if (allowed) it.docket.held(claim);
        else missing(it, claim, `kms:${operation}`, sentence);
      }
    }
  }
}

/** Whose key it is: only resource control policies see it ("ABAC for AWS KMS"). */
const OWN_TAG = 'aws:ResourceTag/custody:repository';

function mayWith(sitting: Sitting, one: ProofClass, seats: readonly ProofSeat[], operation: string): boolean {
  const { it, executor, name, interlock } = sitting;
  const approval = approvalOf(sitting, one);
  const bypass: Context = operation === 'PutKeyPolicy' ? { 'kms:BypassPolicyLockoutSafetyCheck': 'false' } : {};
  const tagged: Context = interlock.repository === null ? {} : { [OWN_TAG]: interlock.repository };
  const context = {
    ...tags(sitting, seats, () => approval),
    ...keepingTo(one.pins),
    ...bypass,
    ...tagged,
    [IDENTITY]: name,
  };
  return it.court.judge(executor, `kms:${operation}`, worldOf(executor, context).fixed).allowed;
}
