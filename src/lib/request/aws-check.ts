import { CustodyError } from '../base/errors.js';
import { type Instant, secondsBetween } from '../base/time.js';
import type { CallerIdentity } from '../key/key.js';
import type { Plan } from '../plan/plan.js';
import { CLOCK_TOLERANCE_SECONDS } from '../quorum/evidence.js';
import type { Aws } from './ports.js';

/**
 * Makes sure that AWS is the plan's account and that its clock and ours agree (T12, T60).
 * @throws CustodyError ENDPOINT_REFUSED, CLOCK_SKEW, and what `whoAmI` throws
 */
export async function assertAccount(
  aws: Pick<Aws, 'whoAmI' | 'host'>,
  plan: Plan,
  now: Instant,
): Promise<CallerIdentity> {
  const caller = await aws.whoAmI();
  if (caller.account !== plan.account || caller.partition !== plan.partition) {
    throw new CustodyError(
      'ENDPOINT_REFUSED',
      `these credentials belong to account ${caller.account}, the plan to ${plan.account}`,
      {
        details: { expected: plan.account, found: caller.account, host: aws.host },
        suggestions: ['Choose the custodian profile of the right account with --profile.'],
      },
    );
  }
  assertClock(caller.serverTime, now);
  return caller;
}

/** A machine whose clock is wrong could sign outside of a window, or into the past. @throws CustodyError CLOCK_SKEW */
export function assertClock(serverTime: Instant | null, now: Instant): void {
  if (serverTime === null) throw new CustodyError('CLOCK_SKEW', 'AWS gave no time to compare this clock with');
  const skewSeconds = Math.abs(secondsBetween(serverTime, now));
  if (skewSeconds <= CLOCK_TOLERANCE_SECONDS) return;
  throw new CustodyError('CLOCK_SKEW', `this clock and AWS's are ${Math.round(skewSeconds)} seconds apart`, {
    details: { serverTime, now, toleranceSeconds: CLOCK_TOLERANCE_SECONDS },
    suggestions: ['Set the clock of this machine and run the command again.'],
  });
}
