import type {
  AttachedPolicy,
  GetAccountAuthorizationDetailsResponse,
  GroupDetail,
  ManagedPolicyDetail,
  PolicyDetail,
  RoleDetail,
  UserDetail,
} from '@aws-sdk/client-iam';
import type { AccountIdentity, AccountPolicy, AccountReader } from '../key/account.js';
import type { AwsConnection } from './connection.js';
import { readRole } from './iam-role.js';
import { allPages, unreadable } from './pages.js';

const OPERATION = 'GetAccountAuthorizationDetails';

/** Reads the account through IAM: one list of everything, so that nobody is left out. */
export function createAccountReader(aws: AwsConnection): AccountReader {
  return { identities: () => identities(aws), role: (roleArn) => readRole(aws, roleArn) };
}

async function identities(aws: AwsConnection): Promise<readonly AccountIdentity[]> {
  const pages = await allPages<GetAccountAuthorizationDetailsResponse>(OPERATION, async (Marker) => {
    const { output } = await aws
      .iam()
      .read(OPERATION, (sdk, client) => client.send(new sdk.GetAccountAuthorizationDetailsCommand({ Marker })));
    return { items: [output], truncated: output.IsTruncated, next: output.Marker };
  });
  const managed = new Map(pages.flatMap(({ Policies = [] }) => Policies).map((policy) => [policy.Arn ?? '', policy]));
  const groups = new Map(
    pages.flatMap(({ GroupDetailList = [] }) => GroupDetailList).map((group) => [group.GroupName ?? '', group]),
  );
  return [
    ...pages.flatMap(({ RoleDetailList = [] }) => RoleDetailList).map((role) => roleOf(role, managed)),
    ...pages.flatMap(({ UserDetailList = [] }) => UserDetailList).map((user) => userOf(user, managed, groups)),
  ];
}

type Managed = ReadonlyMap<string, ManagedPolicyDetail>;

function roleOf(role: RoleDetail, managed: Managed): AccountIdentity {
  const { Arn, AssumeRolePolicyDocument, RolePolicyList = [], AttachedManagedPolicies = [] } = role;
  if (!Arn || !AssumeRolePolicyDocument) throw unreadable(OPERATION);
  return {
    arn: Arn,
    trust: decodeURIComponent(AssumeRolePolicyDocument),
    policies: [...inline(RolePolicyList), ...attached(AttachedManagedPolicies, managed)],
    boundary: boundaryOf(role.PermissionsBoundary?.PermissionsBoundaryArn, managed),
  };
}

function userOf(user: UserDetail, managed: Managed, groups: ReadonlyMap<string, GroupDetail>): AccountIdentity {
  const { Arn, UserPolicyList = [], AttachedManagedPolicies = [], GroupList = [] } = user;
  if (!Arn) throw unreadable(OPERATION);
  const ofGroups = GroupList.flatMap((name) => {
    const group = groups.get(name);
    if (group === undefined) throw unreadable(OPERATION);
    return [...inline(group.GroupPolicyList ?? []), ...attached(group.AttachedManagedPolicies ?? [], managed)];
  });
  return {
    arn: Arn,
    trust: null,
    policies: [...inline(UserPolicyList), ...attached(AttachedManagedPolicies, managed), ...ofGroups],
    boundary: boundaryOf(user.PermissionsBoundary?.PermissionsBoundaryArn, managed),
  };
}

/** IAM gives documents URL-encoded (RFC 3986). */
function inline(list: readonly PolicyDetail[]): readonly AccountPolicy[] {
  return list.map(({ PolicyName, PolicyDocument }) => {
    if (!PolicyName || !PolicyDocument) throw unreadable(OPERATION);
    return { name: PolicyName, document: decodeURIComponent(PolicyDocument) };
  });
}

function attached(list: readonly AttachedPolicy[], managed: Managed): readonly AccountPolicy[] {
  return list.map(({ PolicyArn }) => managedPolicy(PolicyArn, managed));
}

function boundaryOf(arn: string | undefined, managed: Managed): AccountPolicy | null {
  return arn === undefined ? null : managedPolicy(arn, managed);
}

/** Only the default version counts; a policy that is not in the list would be taken for one that allows nothing. */
function managedPolicy(arn: string | undefined, managed: Managed): AccountPolicy {
  const { PolicyName, PolicyVersionList = [] } = managed.get(arn ?? '') ?? {};
  const document = PolicyVersionList.find(({ IsDefaultVersion }) => IsDefaultVersion)?.Document;
  if (!PolicyName || !document) throw unreadable(OPERATION);
  return { name: PolicyName, document: decodeURIComponent(document) };
}
