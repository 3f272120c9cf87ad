import type { JsonObject } from '../../base/canonical-json.js';
import { invalid, optionalInteger, optionalText, refuseMembers, requiredText } from '../params.js';
import { type Call, type Operation, type Service, ServiceError } from '../service.js';
import { uriEncode } from '../wire/sigv4.js';
import { authorizedRole, roleNameOf } from './authorized-role.js';
import { assertTrustPolicy } from './documents.js';
import { instanceProfileOperations } from './instance-profiles.js';
import { ROLE_NAME, type Role, type RoleTable, uniqueId } from './role.js';
import { rolePolicyOperations } from './role-policies.js';
import { roleTagOperations } from './role-tags.js';
import { formatTags, readTags, requestTagContext } from './tags.js';

export interface IamOptions {
  readonly account: string;
  readonly roles: RoleTable;
  readonly random: (bytes: number) => Buffer;
}

const POLICY_RULE = { max: 131_072 };
const PATH = /^\/(?:[!-~]{1,510}\/)?$/;
const NOT_MODELLED = ['PermissionsBoundary'];

/** IAM: roles with their trust and inline policies and tags. Users and managed policies exist only as "there are none". */
export function createIam(options: IamOptions): Service {
  return {
    name: 'iam',
    settle: () => undefined,
    operations: {
      ...roleOperations(options),
      ...rolePolicyOperations(options.roles),
      ...roleTagOperations(options.roles),
      ...instanceProfileOperations(options.roles),
      GetUser: getUser(options),
    },
  };
}

function roleOperations({ account, roles, random }: IamOptions): Record<string, Operation> {
  return {
    CreateRole: (input, call) => {
      const made = newRole(input, call, account, random);
      call.authorize({ action: 'iam:CreateRole', resource: made.arn, context: requestTagContext(made.tags) });
      if (made.tags.length > 0)
        call.authorize({ action: 'iam:TagRole', resource: made.arn, context: requestTagContext(made.tags) });
      if (roles.find(made.name)) {
        throw new ServiceError('EntityAlreadyExists', `Role with name ${made.name} already exists.`, 409);
      }
      roles.put(made);
      return { Role: formatRole(made) };
    },
    GetRole: (input, call) => ({ Role: formatRole(authorizedRole(roles, 'iam:GetRole', input, call)) }),
    ListRoles: (_input, call) => {
      call.authorize({ action: 'iam:ListRoles', resource: `arn:aws:iam::${account}:role/`, context: {} });
      return { Roles: roles.list().map((item) => formatRole({ ...item, tags: [] })), IsTruncated: false };
    },
    DeleteRole: (input, call) => {
      const found = authorizedRole(roles, 'iam:DeleteRole', input, call);
      if (Object.keys(found.policies).length > 0) {
        throw new ServiceError('DeleteConflict', 'Cannot delete entity, must delete policies first.', 409);
      }
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

function newRole(input: JsonObject, call: Call, account: string, random: (bytes: number) => Buffer): Role {
  refuseMembers(input, NOT_MODELLED);
  const name = roleNameOf(input);
  const trust = requiredText(input, 'AssumeRolePolicyDocument', POLICY_RULE);
  assertTrustPolicy(trust);
  const path = optionalText(input, 'Path', { max: 512, pattern: PATH }) ?? '/';
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
  };
}

function formatRole(role: Role): JsonObject {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: Math.floor(role.createdAtMillis / 1000),
    AssumeRolePolicyDocument: uriEncode(role.trust),
    ...(role.description === '' ? {} : { Description: role.description }),
    MaxSessionDuration: role.maxSessionSeconds,
    ...(role.tags.length === 0 ? {} : { Tags: formatTags(role.tags) }),
  };
}

function getUser({ account }: IamOptions): Operation {
  return (input, call) => {
    const name = optionalText(input, 'UserName', { max: 64, pattern: ROLE_NAME });
    if (name === null) {
      if (call.caller.kind === 'role')
        throw invalid('UserName', 'Must specify userName when calling with non-User credentials');
      return { User: { UserName: 'root', UserId: account, Arn: call.caller.principalArn, Path: '/', CreateDate: 0 } };
    }
    call.authorize({ action: 'iam:GetUser', resource: `arn:aws:iam::${account}:user/${name}`, context: {} });
    throw new ServiceError('NoSuchEntity', `The user with name ${name} cannot be found.`, 404);
  };
}
