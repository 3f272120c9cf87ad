import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { type AccountRoles, inAnyAccount } from './account-roles.js';
import { SLOT_CLASSES, SLOTS } from './slot.js';
import { formatOrganizationPolicy, oneOrMany } from './statements.js';

/** What the organization says above the account: samples, for whoever runs it to review. */

const READING = ['iam:Get*', 'iam:List*'];
const SLOTS_AND_SESSIONS = [
  'iam:TagRole',
  'iam:UntagRole',
  'sts:AssumeRole',
  'sts:AssumeRoleWithSAML',
  'sts:AssumeRoleWithWebIdentity',
  'sts:SetSourceIdentity',
];
const PROVIDER_CHANGES = [
  'iam:CreateSAMLProvider',
  'iam:UpdateSAMLProvider',
  'iam:DeleteSAMLProvider',
  'iam:CreateOpenIDConnectProvider',
  'iam:DeleteOpenIDConnectProvider',
  'iam:AddClientIDToOpenIDConnectProvider',
  'iam:UpdateOpenIDConnectProviderThumbprint',
];

/**
 * Service control policy: the interlock's roles stay as they are (T58), also those that AWS adds operations for later, and
 * their tags are the slots of the seats. Only the installer may change the roles, and not even it the slots.
 * @param breakGlass further roles that stay as they are
 * @throws CustodyError LIMIT_EXCEEDED
 */
export function serviceControlPolicy(roles: AccountRoles, breakGlass: readonly string[] = []): string {
  const { seats, automation, executor, cold, auditor, installer } = roles;
  const seatArns = seats.map(({ roleArn }) => roleArn);
  const all = [...seatArns, executor, cold, ...automation.map(({ roleArn }) => roleArn), auditor, installer];
  const frozen = [...new Set([...all, ...[...breakGlass].sort()])].map(inAnyAccount);
  const unless = (arns: readonly string[]) => ({ ArnNotEquals: { 'aws:PrincipalArn': oneOrMany(arns) } });
  return formatOrganizationPolicy([
    {
      Sid: 'FreezeRoles',
      Effect: 'Deny',
      NotAction: [...READING, ...SLOTS_AND_SESSIONS],
      Resource: frozen,
      Condition: unless([installer]),
    },
    {
      Sid: 'SlotsOnlyBySeatsAndExecutor',
      Effect: 'Deny',
      Action: ['iam:TagRole', 'iam:UntagRole'],
      Resource: frozen,
      Condition: unless([...seatArns, executor, cold]),
    },
    {
      Sid: 'OwnSlotsOnly',
      Effect: 'Deny',
      Action: 'iam:TagRole',
      Resource: frozen,
      Condition: { 'ForAnyValue:StringNotLike': { 'aws:TagKeys': `custody:$${'{'}aws:SourceIdentity}:*` } },
    },
    {
      Sid: 'FreezeIdentityProviders',
      Effect: 'Deny',
      Action: PROVIDER_CHANGES,
      Resource: '*',
      Condition: unless([installer]),
    },
  ]);
}

/**
 * Resource control policy: keys of this repository are changed by its executors only, whatever their own policies have come to
 * say, and used from within the organization.
 * @param organizationId `o-…`; null leaves the second out
 * @throws CustodyError PLAN_INVALID for another id, LIMIT_EXCEEDED
 */
export function resourceControlPolicy(roles: AccountRoles, organizationId: string | null): string {
  if (organizationId !== null && !/^o-[a-z0-9]{10,32}$/.test(organizationId)) {
    throw new CustodyError('PLAN_INVALID', 'not the id of an organization, like o-a1b2c3d4e5');
  }
  // A grant is also how services and seats use a key, so its policy alone decides about those.
  const changes = SLOT_CLASSES.filter((name) => name !== 'grant' && name !== 'retire');
  const operations = changes.flatMap((name) => SLOTS[name].operations.map((operation) => `kms:${operation}`));
  const outside: JsonObject = {
    Sid: 'OrganizationOnly',
    Effect: 'Deny',
    Principal: '*',
    Action: 'kms:*',
    Resource: '*',
    Condition: {
      StringNotEqualsIfExists: { 'aws:PrincipalOrgID': organizationId ?? '' },
      BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' },
    },
  };
  return formatOrganizationPolicy([
    {
      Sid: 'KeysOnlyByExecutors',
      Effect: 'Deny',
      Principal: '*',
      Action: [...operations].sort(),
      Resource: '*',
      Condition: {
        StringEquals: { 'aws:ResourceTag/custody:repository': roles.repository },
        ArnNotEquals: { 'aws:PrincipalArn': [roles.executor, roles.cold] },
      },
    },
    ...(organizationId === null ? [] : [outside]),
  ]);
}
