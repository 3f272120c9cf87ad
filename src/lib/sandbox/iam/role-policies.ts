import { requiredText } from '../params.js';
import { type Operation, ServiceError } from '../service.js';
import { uriEncode } from '../wire/sigv4.js';
import { authorizedRole } from './authorized-role.js';
import { assertIdentityPolicy } from './documents.js';
import { pageOf } from './paging.js';
import type { RoleTable } from './role.js';

const NAME_RULE = { max: 128, pattern: /^[\w+=,.@-]+$/ };
/** "IAM and AWS STS quotas": all inline policies of a role together, white space aside. */
const MAX_INLINE_CHARACTERS = 10_240;

/** Inline policies of roles. */
export function rolePolicyOperations(roles: RoleTable): Record<string, Operation> {
  return {
    PutRolePolicy: (input, call) => {
      const role = authorizedRole(roles, 'iam:PutRolePolicy', input, call);
      const name = requiredText(input, 'PolicyName', NAME_RULE);
      const document = requiredText(input, 'PolicyDocument', { max: 131_072 });
      assertIdentityPolicy(document);
      const policies = { ...role.policies, [name]: document };
      assertSize(policies, role.name);
      roles.put({ ...role, policies });
      return {};
    },
    GetRolePolicy: (input, call) => {
      const role = authorizedRole(roles, 'iam:GetRolePolicy', input, call);
      const name = requiredText(input, 'PolicyName', NAME_RULE);
      const document = Object.hasOwn(role.policies, name) ? role.policies[name] : undefined;
      if (document === undefined) throw noPolicy(name);
      return { RoleName: role.name, PolicyName: name, PolicyDocument: uriEncode(document) };
    },
    DeleteRolePolicy: (input, call) => {
      const role = authorizedRole(roles, 'iam:DeleteRolePolicy', input, call);
      const name = requiredText(input, 'PolicyName', NAME_RULE);
      if (!Object.hasOwn(role.policies, name)) throw noPolicy(name);
      const { [name]: _removed, ...policies } = role.policies;
      roles.put({ ...role, policies });
      return {};
    },
    ListRolePolicies: (input, call) => {
      const role = authorizedRole(roles, 'iam:ListRolePolicies', input, call);
      const { items, tail } = pageOf(input, Object.keys(role.policies).sort());
      return { PolicyNames: items, ...tail };
    },
  };
}

function assertSize(policies: Readonly<Record<string, string>>, roleName: string): void {
  if (Object.values(policies).join('').replace(/\s/g, '').length <= MAX_INLINE_CHARACTERS) return;
  const message = `Maximum policy size of ${MAX_INLINE_CHARACTERS} bytes exceeded for role ${roleName}`;
  throw new ServiceError('LimitExceeded', message, 409);
}

function noPolicy(name: string): ServiceError {
  return new ServiceError('NoSuchEntity', `The role policy with name ${name} cannot be found.`, 404);
}
