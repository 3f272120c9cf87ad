import { CustodyError } from '../base/errors.js';
import { type Plan, regionsOf } from '../plan/plan.js';
import type { Roster } from '../roster/roster.js';
import { accountRolesOf } from './account-roles.js';
import type { Interlock } from './interlock.js';
import type { SlotClass } from './slot.js';
import { type KeyPolicyInput, synthesizeInterlocked, synthesizeKeyPolicy } from './synthesize.js';

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
 * The key policy that plan and roster give one key in one Region, canonical JSON: under the approval interlock where the plan
 * has one.
 * @throws CustodyError NOT_FOUND for a key that the plan does not have; what synthesizing throws
 */
export function plannedKeyPolicy(
  plan: Plan,
  roster: Roster,
  name: string,
  region: string,
  { keyId = null, move, opens }: PolicyFor = {},
): string {
  if (!plan.interlock || keyId === null) return synthesizeKeyPolicy(inputOf(plan, roster, name, region, move));
  const of = { keyId, ...(move ? { move } : {}), ...(opens ? { opens } : {}) };
  return plannedInterlock(plan, roster, name, region, of).policy;
}

/** What an interlocked policy depends on beside plan and roster: it names the key itself. */
export interface InterlockedKey extends Pick<Interlock, 'keyId' | 'opens' | 'replaces'> {
  readonly move?: 'out' | 'in';
}

/**
 * The same under the approval interlock: the executor may do what enough seats have approved, and nothing else. Also the form
 * in which it had room, and the classes of slots that it lets through.
 * @throws CustodyError NOT_FOUND for a key that the plan does not have; what `synthesizeInterlocked` throws
 */
export function plannedInterlock(plan: Plan, roster: Roster, name: string, region: string, key: InterlockedKey) {
  const { keyId, opens, replaces, move } = key;
  const more = { ...(opens ? { opens } : {}), ...(replaces ? { replaces } : {}) };
  const interlock = { ...interlockOf(plan, roster, name, keyId), ...more };
  return synthesizeInterlocked({ ...inputOf(plan, roster, name, region, move), interlock });
}

/** What plan and roster say of the interlock of one key. @throws CustodyError NOT_FOUND */
export function interlockOf(plan: Plan, roster: Roster, name: string, keyId: string): Interlock {
  const planned = plannedKey(plan, name);
  const roles = accountRolesOf(roster, plan.interlock);
  return {
    seats: roles.seats,
    threshold: roster.threshold,
    rules: plan.quorum.classes,
    keyName: name,
    keyId,
    origin: planned.origin,
    regions: regionsOf(plan, planned),
    rotationPeriodDays: planned.rotation.periodDays,
    coldExecutorRoleArn: roles.cold,
    auditorRoleArn: roles.auditor,
  };
}

function plannedKey(plan: Plan, name: string) {
  const key = plan.keys[name];
  if (!key) throw new CustodyError('NOT_FOUND', `the plan has no key ${name}`);
  return key;
}

function inputOf(plan: Plan, roster: Roster, name: string, region: string, move?: 'out' | 'in'): KeyPolicyInput {
  const key = plannedKey(plan, name);
  const seats = roster.custodians.map(({ id, roleArn }) => ({ id, roleArn }));
  return {
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
  };
}
