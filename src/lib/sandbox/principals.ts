import { createRoleTable, type RoleTable } from './iam/role.js';
import type { DurableStore } from './state.js';
import { createSessionTable, type SessionTable } from './sts/session.js';

/** The account's roles and the sessions of them: IAM and STS share these. */
export interface Principals {
  readonly roles: RoleTable;
  readonly sessions: SessionTable;
  /** Does IAM know this user, role or account root? */
  exists(arn: string): boolean;
}

/** Which principals exist, for policies that name them. */
export function openPrincipals(store: DurableStore, account: string): Principals {
  const roles = createRoleTable(store);
  return {
    roles,
    sessions: createSessionTable(store),
    exists: (arn) => arn === `arn:aws:iam::${account}:root` || roles.list().some((role) => role.arn === arn),
  };
}
