import type { InterlockRoles } from '../plan/plan.js';
import { rolesBeside } from '../plan/roles-beside.js';
import type { Roster } from '../roster/roster.js';
import type { InterlockSeat } from './interlock.js';

/** The IAM roles on which the interlock rests, by ARN. */
export interface AccountRoles {
  readonly account: string;
  readonly partition: string;
  /** 16 hex characters: the tag by which a key belongs to one custody repository (T61). */
  readonly repository: string;
  readonly seats: readonly InterlockSeat[];
  readonly automation: readonly { readonly id: string; readonly roleArn: string }[];
  readonly executor: string;
  /** Takes the executor's place when it is gone, to put policies only. */
  readonly cold: string;
  readonly auditor: string;
  /** Makes and opens canaries, and scratch keys; no part of the interlock. */
  readonly drill: string;
  /** The platform team's role that alone may change the others. */
  readonly installer: string;
}

/**
 * The roles of a roster. Those that it does not list are named after its executor, so that one document decides:
 * `custody-executor` has `custody-cold`, `custody-auditor` and `custody-installer` beside it.
 */
export function accountRolesOf(
  roster: Pick<Roster, 'repository' | 'custodians' | 'automation' | 'executorRoleArn'>,
  named?: InterlockRoles,
): AccountRoles {
  const [, partition = '', , , account = ''] = roster.executorRoleArn.split(':');
  const { installerRoleArn, drillRoleArn, ...byName } = rolesBeside(roster.executorRoleArn);
  const { coldExecutorRoleArn, auditorRoleArn } = named ?? byName;
  return {
    account,
    partition,
    repository: roster.repository,
    seats: byId(roster.custodians).map(({ id, roleArn, duty }) => ({ id, roleArn, duty })),
    automation: byId(roster.automation).map(({ id, roleArn }) => ({ id, roleArn })),
    executor: roster.executorRoleArn,
    cold: coldExecutorRoleArn,
    auditor: auditorRoleArn,
    drill: drillRoleArn,
    installer: installerRoleArn,
  };
}

/** IAM tells roles of one account apart by name alone: the ARN of a role in any account, as organization policies name it. */
export function inAnyAccount(roleArn: string): string {
  const [arn, partition, service, region, , ...resource] = roleArn.split(':');
  return [arn, partition, service, region, '*', ...resource].join(':');
}

/** Sids take letters and digits only. */
export function sidPart(id: string): string {
  return id.replace(/[^A-Za-z0-9]/g, '');
}

function byId<T extends { readonly id: string }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => (a.id < b.id ? -1 : 1));
}
