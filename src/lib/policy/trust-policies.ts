import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { ROLE_ARN } from '../plan/grammar.js';
import { type AccountRoles, sidPart } from './account-roles.js';
import { formatTrustPolicy } from './statements.js';

/** Who enters a role: one subject of an identity provider, or, where there is none (sandbox), one role. */
export type Entrance =
  | {
      readonly type: 'oidc';
      readonly providerArn: string;
      readonly audience: string;
      readonly subject: string;
      /** GitHub: `OWNER/REPO/.github/workflows/FILE@REF`, beside the environment that the subject names. */
      readonly workflow?: string;
    }
  | { readonly type: 'saml'; readonly providerArn: string; readonly subject: string }
  | { readonly type: 'role'; readonly roleArn: string };

/** Session tags override a role's tags: with them anyone who enters could bring the approvals along. */
const NO_SESSION_TAGS = { Sid: 'NoSessionTags', Effect: 'Deny', Principal: '*', Action: 'sts:TagSession' };

/** Where SAML answers are sent to ("SAML:aud"), by partition. */
const SAML_AUDIENCE: Readonly<Record<string, string>> = {
  aws: 'https://signin.aws.amazon.com/saml',
  'aws-cn': 'https://signin.amazonaws.cn/saml',
  'aws-us-gov': 'https://signin.amazonaws-us-gov.com/saml',
};

const OIDC_PROVIDER = /^arn:(aws|aws-cn|aws-us-gov):iam::\d{12}:oidc-provider\/([A-Za-z0-9._/-]{1,255})$/;
const SAML_PROVIDER = /^arn:(aws|aws-cn|aws-us-gov):iam::\d{12}:saml-provider\/[\w.-]{1,128}$/;
/** The form of GitHub's claim `job_workflow_ref`. */
const WORKFLOW =
  /^[\w.-]+\/[\w.-]+\/\.github\/workflows\/[\w.-]+\.ya?ml@(?:refs\/(?:heads|tags)\/[\w./-]+|[0-9a-f]{40})$/;
/** Literal in the policy: no wildcard, no variable. */
const LITERAL = /^[^*?$\p{C}]{1,255}$/u;

/**
 * A seat's role: one subject and one SourceIdentity belong together. Who could choose either would sit in two seats (T52).
 * @throws CustodyError PLAN_INVALID for an entrance that says more than one subject · LIMIT_EXCEEDED
 */
export function custodianTrustPolicy(custodian: string, entrance: Entrance): string {
  return formatTrustPolicy([enter('OneSubjectOneSeat', entrance, custodian), NO_SESSION_TAGS]);
}

/**
 * A role that brings no SourceIdentity: automation sets its own when it enters the executor; the auditor has none. For
 * automation the subject names the workflow and its protected environment, so that nobody edits its way in (T63).
 * @throws CustodyError as `custodianTrustPolicy`
 */
export function subjectTrustPolicy(entrance: Entrance): string {
  return formatTrustPolicy([enter('OneSubjectOneRole', entrance, null), NO_SESSION_TAGS]);
}

/** The executor: each seat with its own SourceIdentity, automation without one that it could have brought along. */
export function executorTrustPolicy(roles: AccountRoles): string {
  const automation = roles.automation.map(({ id, roleArn }) => ({
    ...entering(`Automation${sidPart(id)}`, { AWS: roleArn }, 'sts:AssumeRole'),
    Condition: { StringEquals: { 'sts:SourceIdentity': id }, Null: { 'aws:SourceIdentity': 'true' } },
  }));
  return formatTrustPolicy([...seatsOf(roles), ...automation, NO_SESSION_TAGS]);
}

/** The cold executor: seats only. */
export function coldExecutorTrustPolicy(roles: AccountRoles): string {
  return formatTrustPolicy([...seatsOf(roles), NO_SESSION_TAGS]);
}

function seatsOf({ seats }: AccountRoles): readonly JsonObject[] {
  return seats.map(({ id, roleArn }) => ({
    ...entering(`Seat${sidPart(id)}`, { AWS: roleArn }, 'sts:AssumeRole'),
    Condition: { StringEquals: { 'aws:SourceIdentity': id } },
  }));
}

function entering(sid: string, principal: JsonObject, action: string): JsonObject {
  return { Sid: sid, Effect: 'Allow', Principal: principal, Action: [action, 'sts:SetSourceIdentity'] };
}

function enter(sid: string, entrance: Entrance, sourceIdentity: string | null): JsonObject {
  const { principal, action, keys } = doorOf(entrance);
  const wanted = { ...keys, ...(sourceIdentity === null ? {} : { 'sts:SourceIdentity': sourceIdentity }) };
  return {
    Sid: sid,
    Effect: 'Allow',
    Principal: principal,
    Action: sourceIdentity === null ? action : [action, 'sts:SetSourceIdentity'],
    ...(Object.keys(wanted).length === 0 ? {} : { Condition: { StringEquals: wanted } }),
  };
}

function doorOf(entrance: Entrance): { principal: JsonObject; action: string; keys: JsonObject } {
  if (entrance.type === 'role') {
    assertMatches(entrance.roleArn, ROLE_ARN, 'the ARN of a role');
    return { principal: { AWS: entrance.roleArn }, action: 'sts:AssumeRole', keys: {} };
  }
  const { providerArn, subject } = entrance;
  assertMatches(subject, LITERAL, 'one subject, without wildcards or variables');
  const principal = { Federated: providerArn };
  if (entrance.type === 'saml') {
    const [, partition = ''] = assertMatches(providerArn, SAML_PROVIDER, 'the ARN of a SAML provider');
    const audience = SAML_AUDIENCE[partition] ?? '';
    const keys = { 'SAML:aud': audience, 'SAML:sub': subject, 'SAML:sub_type': 'persistent' };
    return { principal, action: 'sts:AssumeRoleWithSAML', keys };
  }
  const [, , issuer = ''] = assertMatches(providerArn, OIDC_PROVIDER, 'the ARN of an OIDC provider');
  assertMatches(entrance.audience, LITERAL, 'one audience, without wildcards or variables');
  const { workflow } = entrance;
  if (workflow !== undefined) assertMatches(workflow, WORKFLOW, 'one workflow at one branch, tag or commit');
  const keys = {
    [`${issuer}:aud`]: entrance.audience,
    [`${issuer}:sub`]: subject,
    ...(workflow === undefined ? {} : { [`${issuer}:job_workflow_ref`]: workflow }),
  };
  return { principal, action: 'sts:AssumeRoleWithWebIdentity', keys };
}

function assertMatches(value: string, grammar: RegExp, expected: string): RegExpExecArray {
  const match = grammar.exec(value);
  if (match) return match;
  throw new CustodyError('PLAN_INVALID', `a trust policy needs ${expected}`, {
    details: { found: value.slice(0, 200) },
  });
}
