import { CustodyError } from '../base/errors.js';
import type { AccountIdentity, AccountPolicy } from '../key/account.js';
import type { AwsConnection } from './connection.js';
import { allPages, unreadable } from './pages.js';
import { nameOfRole } from './role-arn.js';

/** A role call by call: for whoever may not list the account (GetRole, ListRolePolicies, ListAttachedRolePolicies, GetPolicy …). */
export async function readRole(aws: AwsConnection, roleArn: string): Promise<AccountIdentity | null> {
  const role = await unlessGone(() => roleItself(aws, roleArn));
  if (role === null) return null;
  const { trust, boundaryArn } = role;
  try {
    const policies = [...(await inlinePolicies(aws, roleArn)), ...(await attachedPolicies(aws, roleArn))];
    const boundary = boundaryArn === undefined ? null : await managedPolicy(aws, boundaryArn);
    return { arn: roleArn, trust, policies, boundary };
  } catch (cause) {
    // Whoever reads a part of it only would take the rest for nothing.
    if (cause instanceof CustodyError && cause.code === 'DENIED') {
      return { arn: roleArn, trust, policies: null, boundary: null };
    }
    throw cause;
  }
}

async function unlessGone<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'NOT_FOUND') return null;
    throw cause;
  }
}

async function roleItself(aws: AwsConnection, roleArn: string) {
  const RoleName = nameOfRole(roleArn);
  const { output } = await aws
    .iam()
    .read('GetRole', (sdk, client) => client.send(new sdk.GetRoleCommand({ RoleName })));
  const { Arn, AssumeRolePolicyDocument, PermissionsBoundary } = output.Role ?? {};
  if (!Arn || !AssumeRolePolicyDocument) throw unreadable('GetRole');
  // IAM finds roles by name, whatever their path: only this very ARN counts (T58).
  if (Arn !== roleArn) return null;
  return {
    trust: decodeURIComponent(AssumeRolePolicyDocument),
    boundaryArn: PermissionsBoundary?.PermissionsBoundaryArn,
  };
}

async function inlinePolicies(aws: AwsConnection, roleArn: string): Promise<readonly AccountPolicy[]> {
  const RoleName = nameOfRole(roleArn);
  const names = await allPages('ListRolePolicies', async (Marker) => {
    const { output } = await aws
      .iam()
      .read('ListRolePolicies', (sdk, client) => client.send(new sdk.ListRolePoliciesCommand({ RoleName, Marker })));
    return { items: output.PolicyNames, truncated: output.IsTruncated, next: output.Marker };
  });
  const found: AccountPolicy[] = [];
  for (const PolicyName of names) {
    const { output } = await aws
      .iam()
      .read('GetRolePolicy', (sdk, client) => client.send(new sdk.GetRolePolicyCommand({ RoleName, PolicyName })));
    if (!output.PolicyDocument) throw unreadable('GetRolePolicy');
    found.push({ name: PolicyName, document: decodeURIComponent(output.PolicyDocument) });
  }
  return found;
}

async function attachedPolicies(aws: AwsConnection, roleArn: string): Promise<readonly AccountPolicy[]> {
  const RoleName = nameOfRole(roleArn);
  const operation = 'ListAttachedRolePolicies';
  const attached = await allPages(operation, async (Marker) => {
    const { output } = await aws
      .iam()
      .read(operation, (sdk, client) => client.send(new sdk.ListAttachedRolePoliciesCommand({ RoleName, Marker })));
    return { items: output.AttachedPolicies, truncated: output.IsTruncated, next: output.Marker };
  });
  const found: AccountPolicy[] = [];
  for (const { PolicyArn } of attached) {
    if (!PolicyArn) throw unreadable(operation);
    found.push(await managedPolicy(aws, PolicyArn));
  }
  return found;
}

/** Only the default version counts. */
async function managedPolicy(aws: AwsConnection, PolicyArn: string): Promise<AccountPolicy> {
  const policy = await aws
    .iam()
    .read('GetPolicy', (sdk, client) => client.send(new sdk.GetPolicyCommand({ PolicyArn })));
  const { PolicyName, DefaultVersionId: VersionId } = policy.output.Policy ?? {};
  if (!PolicyName || !VersionId) throw unreadable('GetPolicy');
  const { output } = await aws
    .iam()
    .read('GetPolicyVersion', (sdk, client) => client.send(new sdk.GetPolicyVersionCommand({ PolicyArn, VersionId })));
  const document = output.PolicyVersion?.Document;
  if (!document) throw unreadable('GetPolicyVersion');
  return { name: PolicyName, document: decodeURIComponent(document) };
}
