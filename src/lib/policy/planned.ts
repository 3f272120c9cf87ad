import { CustodyError } from '../base/errors.js';
import { type Plan, type PlannedKey, regionsOf } from '../plan/plan.js';
import type { Roster } from '../roster/roster.js';
import type { Interlock } from './interlock.js';
import type { SlotClass } from './slot.js';
import { synthesizeKeyPolicy } from './synthesize.js';

/** What is known of the key that a policy is for. */
export interface PolicyFor {
  /**
   * The key's id. Slots name it, so a policy without it has no interlock: one that a key is made with, and that the first
   * policy request replaces.
   */
  readonly keyId?: string | null;
  /** Only while the key is replaced, or replaces another one: ciphertexts may leave it, or come to it. */
  readonly move?: 'out' | 'in';
  /** Slot classes that do not stand in the policy for good. */
  readonly opens?: readonly SlotClass[];
}

/**
 * The key policy that plan and roster give one key in one Region, canonical JSON.
 * @throws CustodyError NOT_FOUND for a key that the plan does not have; what `synthesizeKeyPolicy` throws
 */
export function plannedKeyPolicy(
  plan: Plan,
  roster: Roster,
  name: string,
  region: string,
  { keyId = null, move, opens }: PolicyFor = {},
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
    ...(plan.interlock && keyId !== null
      ? {
          interlock: { ...interlockOf(plan, roster, name, key, keyId), ...plan.interlock, ...(opens ? { opens } : {}) },
        }
      : {}),
  });
}

function interlockOf(
  plan: Plan,
  roster: Roster,
  keyName: string,
  key: PlannedKey,
  keyId: string,
): Omit<Interlock, 'coldExecutorRoleArn' | 'auditorRoleArn'> {
  return {
    seats: roster.custodians.map(({ id, roleArn, duty }) => ({ id, roleArn, duty })),
    threshold: roster.threshold,
    rules: plan.quorum.classes,
    keyName,
    keyId,
    origin: key.origin,
    regions: regionsOf(plan, key),
    rotationPeriodDays: key.rotation.periodDays,
  };
}
