import { createPolicyTable, type PolicyTable } from './iam/managed-policy.js';
import { createOidcProviderTable, type OidcProviderTable } from './iam/oidc-provider.js';
import { createRoleTable, type RoleTable } from './iam/role.js';
import type { DurableStore } from './state.js';
import { createFederation, type Federation } from './sts/federation.js';
import { createSessionTable, type SessionTable } from './sts/session.js';

/** The account's roles, their policies and sessions, and whose tokens are believed: IAM and STS share these. */
export interface Principals {
  readonly roles: RoleTable;
  readonly policies: PolicyTable;
  readonly providers: OidcProviderTable;
  readonly sessions: SessionTable;
  readonly federation: Federation;
  /** Does IAM know this user, role or account root? */
  exists(arn: string): boolean;
}

/** Which principals exist, for policies that name them. */
export function openPrincipals(store: DurableStore, account: string): Principals {
  const roles = createRoleTable(store);
  const providers = createOidcProviderTable(store);
  return {
    roles,
    policies: createPolicyTable(store),
    providers,
    federation: createFederation({ store, providers, account }),
    sessions: createSessionTable(store),
    exists: (arn) =>
      arn === `arn:aws:iam::${account}:root` || roles.find(arn.slice(arn.lastIndexOf('/') + 1))?.arn === arn,
  };
}
