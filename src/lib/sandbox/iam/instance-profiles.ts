import type { Operation } from '../service.js';
import { authorizedRole } from './authorized-role.js';
import type { RoleTable } from './role.js';

/** There are no instance profiles; tools that delete a role (Terraform's AWS provider) ask for them first. */
export function instanceProfileOperations(roles: RoleTable): Record<string, Operation> {
  return {
    ListInstanceProfilesForRole: (input, call) => {
      authorizedRole(roles, 'iam:ListInstanceProfilesForRole', input, call);
      return { InstanceProfiles: [], IsTruncated: false };
    },
  };
}
