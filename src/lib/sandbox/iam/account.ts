import type { JsonObject } from '../../base/canonical-json.js';
import { optionalText, textList } from '../params.js';
import { type Operation, ServiceError } from '../service.js';
import { uriEncode } from '../wire/sigv4.js';
import { attachedOf } from './attachments.js';
import { isAwsManaged, type ManagedPolicy } from './managed-policy.js';
import { pageOf } from './paging.js';
import { formatPolicy, formatVersion, type PolicyOptions } from './policies.js';
import { ROLE_NAME, type Role } from './role.js';
import { formatRole } from './role-format.js';

const ENTITIES = ['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'];
const ENTITY = { max: 32, pattern: /^(?:User|Role|Group|LocalManagedPolicy|AWSManagedPolicy)$/ };

/** The account as a whole: there are no users and no groups here, and IAM says so. */
export function accountOperations(options: PolicyOptions): Record<string, Operation> {
  const { account } = options;
  const none = (operation: string, kind: string, member: string): Operation => {
    return (input, call) => {
      call.authorize({ action: `iam:${operation}`, resource: `arn:aws:iam::${account}:${kind}/`, context: {} });
      const { items, tail } = pageOf<JsonObject>(input, []);
      return { [member]: items, ...tail };
    };
  };
  return {
    ListUsers: none('ListUsers', 'user', 'Users'),
    ListGroups: none('ListGroups', 'group', 'Groups'),
    ListSAMLProviders: (_input, call) => {
      call.authorize({
        action: 'iam:ListSAMLProviders',
        resource: `arn:aws:iam::${account}:saml-provider/*`,
        context: {},
      });
      return { SAMLProviderList: [] };
    },
    GetUser: (input, call) => {
      const name = optionalText(input, 'UserName', { max: 64, pattern: ROLE_NAME });
      if (name === null)
        throw new ServiceError('ValidationError', 'Must specify userName when calling with non-User credentials');
      call.authorize({ action: 'iam:GetUser', resource: `arn:aws:iam::${account}:user/${name}`, context: {} });
      throw new ServiceError('NoSuchEntity', `The user with name ${name} cannot be found.`, 404);
    },
    GetAccountAuthorizationDetails: (input, call) => {
      call.authorize({ action: 'iam:GetAccountAuthorizationDetails', resource: '*', context: {} });
      return details(options, input);
    },
  };
}

/** Roles and policies are pages of one list, as at AWS. */
function details(options: PolicyOptions, input: JsonObject): JsonObject {
  const filter = textList(input, 'Filter', ENTITY, ENTITIES.length);
  const wanted = (entity: string): boolean => filter.length === 0 || filter.includes(entity);
  const roles = wanted('Role') ? options.roles.list().map((role) => ({ role })) : [];
  const policies = options.policies
    .list()
    .filter(({ arn }) => wanted(isAwsManaged(arn) ? 'AWSManagedPolicy' : 'LocalManagedPolicy'))
    .map((policy) => ({ policy }));
  const { items, tail } = pageOf<{ readonly role?: Role; readonly policy?: ManagedPolicy }>(input, [
    ...roles,
    ...policies,
  ]);
  return {
    UserDetailList: [],
    GroupDetailList: [],
    RoleDetailList: items.flatMap(({ role }) => (role ? [roleDetail(role)] : [])),
    Policies: items.flatMap(({ policy }) => (policy ? [policyDetail(options, policy)] : [])),
    ...tail,
  };
}

function roleDetail(role: Role): JsonObject {
  const { Description: _description, MaxSessionDuration: _seconds, ...members } = formatRole(role);
  return {
    ...members,
    InstanceProfileList: [],
    RolePolicyList: Object.entries(role.policies).map(([PolicyName, document]) => ({
      PolicyName,
      PolicyDocument: uriEncode(document),
    })),
    AttachedManagedPolicies: attachedOf(role),
  };
}

function policyDetail(options: PolicyOptions, policy: ManagedPolicy): JsonObject {
  return {
    ...formatPolicy(options, policy),
    PolicyVersionList: policy.versions.map(({ id }) => formatVersion(policy, id, true)),
  };
}
