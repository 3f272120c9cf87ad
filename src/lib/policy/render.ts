import type { Plan } from '../plan/plan.js';
import type { Roster } from '../roster/roster.js';
import { type AccountRoles, accountRolesOf } from './account-roles.js';
import type { InterlockForm } from './interlock.js';
import { resourceControlPolicy, serviceControlPolicy } from './organization.js';
import { type InterlockedKey, plannedInterlock } from './planned.js';
import {
  auditorRolePolicy,
  automationRolePolicy,
  coldExecutorRolePolicy,
  custodianRolePolicy,
  drillRolePolicy,
  executorRolePolicy,
} from './role-policies.js';
import type { SlotClass } from './slot.js';
import {
  coldExecutorTrustPolicy,
  custodianTrustPolicy,
  type Entrance,
  executorTrustPolicy,
  subjectTrustPolicy,
} from './trust-policies.js';

interface Rendered {
  /** Unique among those of one roster; a file name without its ending. */
  readonly name: string;
  /** Canonical JSON. */
  readonly policy: string;
}

/** The policy of one key in one Region. */
export interface RenderedKey extends Rendered {
  readonly kind: 'key';
  readonly key: string;
  readonly keyId: string;
  readonly region: string;
  readonly form: InterlockForm;
  readonly classes: readonly SlotClass[];
}

/** What a role may do (`role`), or who enters it (`trust`). */
export interface RenderedRole extends Rendered {
  readonly kind: 'role' | 'trust';
  readonly roleArn: string;
  /** Its tags are the approval slots: whoever manages the role must leave them alone. */
  readonly slots: boolean;
}

/** Service and resource control policies. */
export interface RenderedOrganization extends Rendered {
  readonly kind: 'scp' | 'rcp';
}

export type RenderedPolicy = RenderedKey | RenderedRole | RenderedOrganization;

/** @throws CustodyError what `plannedInterlock` throws */
export function renderKey(plan: Plan, roster: Roster, key: string, region: string, of: InterlockedKey): RenderedKey {
  const { policy, form, classes } = plannedInterlock(plan, roster, key, region, of);
  return { kind: 'key', name: `key-${key}-${region}`, key, keyId: of.keyId, region, policy, form, classes };
}

/** What plan and roster do not know: how people come in, and the organization. */
export interface Surroundings {
  /** By id of custodian or automation, `auditor` and `drill`; a role without one gets no trust policy here. */
  readonly entrances: Readonly<Record<string, Entrance>>;
  readonly organizationId: string | null;
  readonly breakGlassRoleArns: readonly string[];
}

/** The policies of the roles on which the interlock rests, and of the organization. @throws CustodyError what each throws */
export function renderAccount(
  plan: Plan,
  roster: Roster,
  { entrances, organizationId, breakGlassRoleArns }: Surroundings,
): readonly RenderedPolicy[] {
  const roles = accountRolesOf(roster);
  const entranceOf = (id: string) => (Object.hasOwn(entrances, id) ? (entrances[id] ?? null) : null);
  return [
    ...roles.seats.flatMap(({ id, roleArn }) => {
      const door = entranceOf(id);
      const may = custodianRolePolicy(roles, id, Object.keys(plan.keys));
      return roleOf(id, roleArn, may, door && custodianTrustPolicy(id, door));
    }),
    ...roles.automation.flatMap(({ id, roleArn }) => {
      const door = entranceOf(id);
      return roleOf(id, roleArn, automationRolePolicy(roles), door && subjectTrustPolicy(door));
    }),
    ...executorsOf(roles),
    ...auditorOf(roles, entranceOf('auditor')),
    ...drillOf(roles, entranceOf('drill')),
    { kind: 'scp', name: 'organization-scp', policy: serviceControlPolicy(roles, breakGlassRoleArns) },
    { kind: 'rcp', name: 'organization-rcp', policy: resourceControlPolicy(roles, organizationId) },
  ];
}

function executorsOf(roles: AccountRoles): readonly RenderedRole[] {
  return [
    ...roleOf('executor', roles.executor, executorRolePolicy(roles), executorTrustPolicy(roles), true),
    ...roleOf('cold', roles.cold, coldExecutorRolePolicy(roles), coldExecutorTrustPolicy(roles), true),
  ];
}

function auditorOf(roles: AccountRoles, door: Entrance | null): readonly RenderedRole[] {
  return roleOf('auditor', roles.auditor, auditorRolePolicy(roles), door && subjectTrustPolicy(door));
}

function drillOf(roles: AccountRoles, door: Entrance | null): readonly RenderedRole[] {
  return roleOf('drill', roles.drill, drillRolePolicy(roles), door && subjectTrustPolicy(door));
}

function roleOf(
  id: string,
  roleArn: string,
  may: string,
  trust: string | null,
  slots = false,
): readonly RenderedRole[] {
  const role: RenderedRole = { kind: 'role', name: `role-${id}`, roleArn, slots, policy: may };
  return trust === null ? [role] : [role, { ...role, kind: 'trust', name: `trust-${id}`, policy: trust }];
}
