import type { InterlockRoles } from './plan.js';

/** Names for the roles that an interlock takes beside the executor: `custody-executor` has `custody-cold` and `custody-auditor`. */
export function rolesBeside(executorRoleArn: string): InterlockRoles & { readonly installerRoleArn: string } {
  const base = executorRoleArn.replace(/-?executor$/, '');
  const beside = (what: string) => `${base}${base.endsWith('/') ? '' : '-'}${what}`;
  return {
    coldExecutorRoleArn: beside('cold'),
    auditorRoleArn: beside('auditor'),
    installerRoleArn: beside('installer'),
  };
}
