import type { JsonObject } from '../../base/canonical-json.js';
import { requiredText } from '../params.js';
import { type Call, type Operation, ServiceError } from '../service.js';
import { authorizedRole } from './authorized-role.js';
import type { PolicyTable } from './managed-policy.js';
import { pageOf } from './paging.js';
import type { Role, RoleTable } from './role.js';

const ARN = { min: 20, max: 2048 };
/** "IAM and AWS STS quotas": managed policies attached to a role. */
const MAX_ATTACHED = 10;

/** Managed policies on roles, as policies and as boundaries. */
export function attachmentOperations(roles: RoleTable, policies: PolicyTable): Record<string, Operation> {
  const open = (action: string, input: JsonObject, call: Call) => {
    const arn = requiredText(input, 'PolicyArn', ARN);
    return { role: authorizedRole(roles, `iam:${action}`, input, call, { 'iam:PolicyARN': arn }), arn };
  };
  return {
    AttachRolePolicy: (input, call) => {
      const { role, arn } = open('AttachRolePolicy', input, call);
      const attached = [...new Set([...(role.attached ?? []), policies.get(arn).arn])];
      if (attached.length > MAX_ATTACHED)
        throw new ServiceError('LimitExceeded', `Cannot exceed quota for PoliciesPerRole: ${MAX_ATTACHED}`, 409);
      roles.put({ ...role, attached });
      return {};
    },
    DetachRolePolicy: (input, call) => {
      const { role, arn } = open('DetachRolePolicy', input, call);
      if (!role.attached?.includes(arn)) throw new ServiceError('NoSuchEntity', `Policy ${arn} was not found.`, 404);
      roles.put({ ...role, attached: role.attached.filter((item) => item !== arn) });
      return {};
    },
    ListAttachedRolePolicies: (input, call) => {
      const role = authorizedRole(roles, 'iam:ListAttachedRolePolicies', input, call);
      const { items, tail } = pageOf(input, attachedOf(role));
      return { AttachedPolicies: items, ...tail };
    },
    PutRolePermissionsBoundary: (input, call) => {
      const boundary = requiredText(input, 'PermissionsBoundary', ARN);
      const context = { 'iam:PermissionsBoundary': boundary };
      const role = authorizedRole(roles, 'iam:PutRolePermissionsBoundary', input, call, context);
      roles.put({ ...role, boundary: policies.get(boundary).arn });
      return {};
    },
    DeleteRolePermissionsBoundary: (input, call) => {
      const { boundary, ...role } = authorizedRole(roles, 'iam:DeleteRolePermissionsBoundary', input, call);
      if (boundary === undefined)
        throw new ServiceError('NoSuchEntity', `Role ${role.name} does not have a permissions boundary.`, 404);
      roles.put(role);
      return {};
    },
  };
}

export function attachedOf({ attached = [] }: Role): readonly JsonObject[] {
  return attached.map((PolicyArn) => ({ PolicyName: PolicyArn.replace(/^.*\//, ''), PolicyArn }));
}
