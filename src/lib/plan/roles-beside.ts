import type { InterlockRoles } from './plan.js';

/** Roles that stand beside the executor and take no part in the interlock. */
interface OtherRoles {
  readonly installerRoleArn: string;
  readonly drillRoleArn: string;
}

/** Names for the roles beside the executor: `custody-executor` has `custody-cold`, `custody-auditor`, `custody-drill`. */
export function rolesBeside(executorRoleArn: string): InterlockRoles & OtherRoles {
  const base = executorRoleArn.replace(/-?executor$/, '');
  const beside = (what: string) => `${base}${base.endsWith('/') ? '' : '-'}${what}`;
  return {
    coldExecutorRoleArn: beside('cold'),
    auditorRoleArn: beside('auditor'),
    installerRoleArn: beside('installer'),
    drillRoleArn: beside('drill'),
  };
}
