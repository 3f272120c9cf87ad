import type { JsonObject } from '../../base/canonical-json.js';
import { optionalInteger, optionalText, requiredText } from '../params.js';
import { type Call, type Operation, type Service, ServiceError } from '../service.js';
import { accountOperations } from './account.js';
import { attachmentOperations } from './attachments.js';
import { authorizedRole, roleNameOf } from './authorized-role.js';
import { assertTrustPolicy } from './documents.js';
import { instanceProfileOperations } from './instance-profiles.js';
import { type OidcProviderTable, oidcOperations } from './oidc-provider.js';
import { pageOf } from './paging.js';
import { type PolicyOptions, policyOperations } from './policies.js';
import { type Role, uniqueId } from './role.js';
import { formatRole } from './role-format.js';
import { rolePolicyOperations } from './role-policies.js';
import { roleTagOperations } from './role-tags.js';
import { readTags, requestTagContext } from './tags.js';

export interface IamOptions extends PolicyOptions {
  readonly providers: OidcProviderTable;
}

const POLICY_RULE = { max: 131_072 };
const PATH = /^\/(?:[!-~]{1,510}\/)?$/;
const BOUNDARY = { min: 20, max: 2048 };

/** IAM: roles with trust, policies, boundaries and tags, managed policies, identity providers. There are no users. */
export function createIam(options: IamOptions): Service {
  return {
    name: 'iam',
    settle: () => undefined,
    operations: {
      ...roleOperations(options),
      ...rolePolicyOperations(options.roles),
      ...roleTagOperations(options.roles),
      ...instanceProfileOperations(options.roles),
      ...attachmentOperations(options.roles, options.policies),
      ...policyOperations(options),
      ...oidcOperations(options.providers, options.account),
      ...accountOperations(options),
    },
  };
}

function roleOperations(options: IamOptions): Record<string, Operation> {
  const { account, roles } = options;
  return {
    CreateRole: (input, call) => {
      const made = newRole(input, call, options);
      const limit: Record<string, string> =
        made.boundary === undefined ? {} : { 'iam:PermissionsBoundary': made.boundary };
      const context = { ...requestTagContext(made.tags), ...limit };
      call.authorize({ action: 'iam:CreateRole', resource: made.arn, context });
      if (made.tags.length > 0)
        call.authorize({ action: 'iam:TagRole', resource: made.arn, context: requestTagContext(made.tags) });
      if (roles.find(made.name)) {
        throw new ServiceError('EntityAlreadyExists', `Role with name ${made.name} already exists.`, 409);
      }
      roles.put(made);
      return { Role: formatRole(made) };
    },
    GetRole: (input, call) => ({ Role: formatRole(authorizedRole(roles, 'iam:GetRole', input, call)) }),
    ListRoles: (input, call) => {
      call.authorize({ action: 'iam:ListRoles', resource: `arn:aws:iam::${account}:role/`, context: {} });
      const prefix = optionalText(input, 'PathPrefix', { max: 512 }) ?? '/';
      const { items, tail } = pageOf(
        input,
        roles.list().filter(({ path }) => path.startsWith(prefix)),
      );
      return { Roles: items.map((item) => formatRole({ ...item, tags: [] })), ...tail };
    },
    DeleteRole: (input, call) => {
      const found = authorizedRole(roles, 'iam:DeleteRole', input, call);
      if (Object.keys(found.policies).length > 0)
        throw new ServiceError('DeleteConflict', 'Cannot delete entity, must delete policies first.', 409);
      if ((found.attached ?? []).length > 0)
        throw new ServiceError('DeleteConflict', 'Cannot delete entity, must detach all policies first.', 409);
      roles.remove(found.name);
      return {};
    },
    UpdateAssumeRolePolicy: (input, call) => {
      const found = authorizedRole(roles, 'iam:UpdateAssumeRolePolicy', input, call);
      const trust = requiredText(input, 'PolicyDocument', POLICY_RULE);
      assertTrustPolicy(trust);
      roles.put({ ...found, trust });
      return {};
    },
  };
}

function newRole(input: JsonObject, call: Call, { account, random, policies }: IamOptions): Role {
  const name = roleNameOf(input);
  const trust = requiredText(input, 'AssumeRolePolicyDocument', POLICY_RULE);
  assertTrustPolicy(trust);
  const path = optionalText(input, 'Path', { max: 512, pattern: PATH }) ?? '/';
  const boundary = optionalText(input, 'PermissionsBoundary', BOUNDARY);
  return {
    name,
    id: uniqueId('AROA', random),
    arn: `arn:aws:iam::${account}:role${path}${name}`,
    path,
    description: optionalText(input, 'Description', { min: 0, max: 1000 }) ?? '',
    createdAtMillis: call.nowMillis,
    maxSessionSeconds: optionalInteger(input, 'MaxSessionDuration', 3600, 43_200) ?? 3600,
    trust,
    policies: {},
    tags: readTags(input),
    ...(boundary === null ? {} : { boundary: policies.get(boundary).arn }),
  };
}
