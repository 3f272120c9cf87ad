import type { JsonObject } from '../../base/canonical-json.js';
import { optionalText, requiredText } from '../params.js';
import { type Call, type Operation, ServiceError } from '../service.js';
import { uriEncode } from '../wire/sigv4.js';
import { assertIdentityPolicy } from './documents.js';
import { isAwsManaged, type ManagedPolicy, type PolicyTable } from './managed-policy.js';
import { pageOf } from './paging.js';
import { type RoleTable, uniqueId } from './role.js';
import { formatTags, readTags, requestTagContext } from './tags.js';

export interface PolicyOptions {
  readonly account: string;
  readonly roles: RoleTable;
  readonly policies: PolicyTable;
  readonly random: (bytes: number) => Buffer;
}

const NAME = { max: 128, pattern: /^[\w+=,.@-]+$/ };
const ARN = { min: 20, max: 2048 };
const PATH = { max: 512, pattern: /^\/(?:[!-~]{1,510}\/)?$/ };
const DOCUMENT = { max: 131_072 };
const VERSION = { max: 16, pattern: /^v[1-9][0-9]*$/ };
/** "IAM and AWS STS quotas": characters of a managed policy, white space aside, and versions kept. */
const MAX_CHARACTERS = 6144;
const MAX_VERSIONS = 5;

/** Managed policies and their versions. */
export function policyOperations(options: PolicyOptions): Record<string, Operation> {
  const { policies } = options;
  return {
    CreatePolicy: (input, call) => createPolicy(options, input, call),
    GetPolicy: (input, call) => ({
      Policy: formatPolicy(options, authorizedPolicy(policies, 'GetPolicy', input, call)),
    }),
    DeletePolicy: (input, call) => {
      const policy = ownPolicy(policies, 'DeletePolicy', input, call);
      if (attachments(options, policy.arn) > 0) throw conflict('Cannot delete a policy attached to entities.');
      if (policy.versions.length > 1)
        throw conflict(
          "This policy has more than one version. Before you delete a policy, you must delete the policy's versions.",
        );
      policies.remove(policy.arn);
      return {};
    },
    ListPolicies: (input, call) => listPolicies(options, input, call),
    ...versionOperations(options),
  };
}

function createPolicy(options: PolicyOptions, input: JsonObject, call: Call): JsonObject {
  const { account, policies, random } = options;
  const name = requiredText(input, 'PolicyName', NAME);
  const path = optionalText(input, 'Path', PATH) ?? '/';
  const document = readDocument(input);
  const tags = readTags(input);
  const arn = `arn:aws:iam::${account}:policy${path}${name}`;
  call.authorize({ action: 'iam:CreatePolicy', resource: arn, context: requestTagContext(tags) });
  if (policies.list().some((policy) => policy.name.toLowerCase() === name.toLowerCase() && !isAwsManaged(policy.arn)))
    throw new ServiceError(
      'EntityAlreadyExists',
      `A policy called ${name} already exists. Duplicate names are not allowed.`,
      409,
    );
  const policy: ManagedPolicy = {
    name,
    id: uniqueId('ANPA', random),
    arn,
    path,
    description: optionalText(input, 'Description', { min: 0, max: 1000 }) ?? '',
    createdAtMillis: call.nowMillis,
    updatedAtMillis: call.nowMillis,
    defaultVersion: 'v1',
    nextVersion: 2,
    versions: [{ id: 'v1', document, createdAtMillis: call.nowMillis }],
    tags,
  };
  policies.put(policy);
  return { Policy: formatPolicy(options, withoutDescription(policy)) };
}

function versionOperations({ policies }: PolicyOptions): Record<string, Operation> {
  return {
    CreatePolicyVersion: (input, call) => {
      const policy = ownPolicy(policies, 'CreatePolicyVersion', input, call);
      const version = { id: `v${policy.nextVersion}`, document: readDocument(input), createdAtMillis: call.nowMillis };
      if (policy.versions.length >= MAX_VERSIONS)
        throw new ServiceError('LimitExceeded', `A managed policy can have up to ${MAX_VERSIONS} versions.`, 409);
      const defaultVersion = input.SetAsDefault === 'true' ? version.id : policy.defaultVersion;
      const made = {
        ...policy,
        defaultVersion,
        nextVersion: policy.nextVersion + 1,
        versions: [version, ...policy.versions],
      };
      policies.put({ ...made, updatedAtMillis: call.nowMillis });
      return { PolicyVersion: formatVersion(made, version.id, false) };
    },
    GetPolicyVersion: (input, call) => {
      const policy = authorizedPolicy(policies, 'GetPolicyVersion', input, call);
      return { PolicyVersion: formatVersion(policy, requiredText(input, 'VersionId', VERSION), true) };
    },
    ListPolicyVersions: (input, call) => {
      const policy = authorizedPolicy(policies, 'ListPolicyVersions', input, call);
      const { items, tail } = pageOf(input, policy.versions);
      return { Versions: items.map(({ id }) => formatVersion(policy, id, false)), ...tail };
    },
    SetDefaultPolicyVersion: (input, call) => {
      const policy = ownPolicy(policies, 'SetDefaultPolicyVersion', input, call);
      const { id } = versionOf(policy, requiredText(input, 'VersionId', VERSION));
      policies.put({ ...policy, defaultVersion: id, updatedAtMillis: call.nowMillis });
      return {};
    },
    DeletePolicyVersion: (input, call) => {
      const policy = ownPolicy(policies, 'DeletePolicyVersion', input, call);
      const { id } = versionOf(policy, requiredText(input, 'VersionId', VERSION));
      if (id === policy.defaultVersion) throw conflict('Cannot delete the default version of a policy.');
      policies.put({ ...policy, versions: policy.versions.filter((version) => version.id !== id) });
      return {};
    },
  };
}

function listPolicies(options: PolicyOptions, input: JsonObject, call: Call): JsonObject {
  call.authorize({ action: 'iam:ListPolicies', resource: `arn:aws:iam::${options.account}:policy/`, context: {} });
  const scope = optionalText(input, 'Scope', { max: 5, pattern: /^(?:All|AWS|Local)$/ }) ?? 'All';
  const prefix = optionalText(input, 'PathPrefix', { max: 512 }) ?? '/';
  const listed = options.policies.list().filter((policy) => {
    const inScope = scope === 'All' || isAwsManaged(policy.arn) === (scope === 'AWS');
    const attached = input.OnlyAttached !== 'true' || attachments(options, policy.arn) > 0;
    return inScope && attached && policy.path.startsWith(prefix);
  });
  const { items, tail } = pageOf(input, listed);
  return {
    Policies: items.map((policy) => formatPolicy(options, { ...withoutDescription(policy), tags: [] })),
    ...tail,
  };
}

/** The description is "included in the response to the GetPolicy operation" alone (API reference, Policy). */
function withoutDescription(policy: ManagedPolicy): ManagedPolicy {
  return { ...policy, description: '' };
}

/** The policy of the request, once `action` on it is authorised: strangers do not learn what exists. */
function authorizedPolicy(policies: PolicyTable, action: string, input: JsonObject, call: Call): ManagedPolicy {
  const arn = requiredText(input, 'PolicyArn', ARN);
  call.authorize({ action: `iam:${action}`, resource: arn, context: {} });
  return policies.get(arn);
}

function ownPolicy(policies: PolicyTable, action: string, input: JsonObject, call: Call): ManagedPolicy {
  const policy = authorizedPolicy(policies, action, input, call);
  if (isAwsManaged(policy.arn))
    throw new ServiceError('AccessDenied', `Cannot change the AWS managed policy ${policy.arn}.`, 403);
  return policy;
}

function readDocument(input: JsonObject): string {
  const document = requiredText(input, 'PolicyDocument', DOCUMENT);
  assertIdentityPolicy(document);
  if (document.replace(/\s/g, '').length > MAX_CHARACTERS)
    throw new ServiceError('LimitExceeded', `Cannot exceed quota for PolicySize: ${MAX_CHARACTERS}`, 409);
  return document;
}

function attachments({ roles }: PolicyOptions, arn: string): number {
  return roles.list().filter((role) => role.attached?.includes(arn)).length;
}

/** A managed policy as IAM's answers show it. */
export function formatPolicy(options: PolicyOptions, policy: ManagedPolicy): JsonObject {
  const boundaries = options.roles.list().filter((role) => role.boundary === policy.arn).length;
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion,
    AttachmentCount: attachments(options, policy.arn),
    PermissionsBoundaryUsageCount: boundaries,
    IsAttachable: true,
    ...(policy.description === '' ? {} : { Description: policy.description }),
    CreateDate: Math.floor(policy.createdAtMillis / 1000),
    UpdateDate: Math.floor(policy.updatedAtMillis / 1000),
    ...(policy.tags.length === 0 ? {} : { Tags: formatTags(policy.tags) }),
  };
}

/** A version; `whole` with its document, URL-encoded. @throws ServiceError NoSuchEntity */
export function formatVersion(policy: ManagedPolicy, versionId: string, whole: boolean): JsonObject {
  const { id, document, createdAtMillis } = versionOf(policy, versionId);
  return {
    ...(whole ? { Document: uriEncode(document) } : {}),
    VersionId: id,
    IsDefaultVersion: id === policy.defaultVersion,
    CreateDate: Math.floor(createdAtMillis / 1000),
  };
}

function versionOf(policy: ManagedPolicy, versionId: string) {
  const version = policy.versions.find(({ id }) => id === versionId);
  if (version) return version;
  throw new ServiceError(
    'NoSuchEntity',
    `Policy ${policy.arn} version ${versionId} does not exist or is not attachable.`,
    404,
  );
}

function conflict(message: string): ServiceError {
  return new ServiceError('DeleteConflict', message, 409);
}
