import { CustodyError } from '../base/errors.js';
import type { Plan } from '../plan/plan.js';
import type { Roster } from '../roster/roster.js';
import { synthesizeKeyPolicy } from './synthesize.js';

/**
 * The key policy that plan and roster give one key in one Region, canonical JSON.
 * @param move only while the key is replaced, or replaces another one: ciphertexts may leave it, or come to it
 * @throws CustodyError NOT_FOUND for a key that the plan does not have; what `synthesizeKeyPolicy` throws
 */
export function plannedKeyPolicy(
  plan: Plan,
  roster: Roster,
  name: string,
  region: string,
  move?: 'out' | 'in',
): string {
  const key = plan.keys[name];
  if (!key) throw new CustodyError('NOT_FOUND', `the plan has no key ${name}`);
  const seats = roster.custodians.map(({ id, roleArn }) => ({ id, roleArn }));
  return synthesizeKeyPolicy({
    account: plan.account,
    partition: plan.partition,
    region,
    executorRoleArn: roster.executorRoleArn,
    custodianRoleArns: seats.map(({ roleArn }) => roleArn),
    users: key.users.map(({ roleArn, may, encryptionContext, viaService }) => ({
      roleArn,
      operations: may,
      encryptionContext,
      viaService,
    })),
    ...(key.dualControl === 'grants' ? { dualControlGrants: seats } : {}),
    ...(move ? { move } : {}),
  });
}
