import type { JsonObject } from '../../base/canonical-json.js';
import { assertIdentityPolicy } from '../iam/documents.js';
import type { PolicyTable } from '../iam/managed-policy.js';
import type { Role } from '../iam/role.js';
import { invalid, objectList, optionalInteger, optionalText, requiredText } from '../params.js';
import type { Authorization } from '../service.js';
import type { StsOptions } from './session.js';

const SESSION_NAME = { min: 2, max: 64, pattern: /^[\w+=,.@-]*$/ };
const ROLE_ARN = /^arn:aws:iam::\d{12}:role\/(?:[!-~]+\/)?([\w+=,.@-]{1,64})$/;
const POLICY_ARN = { min: 20, max: 2048 };
const MIN_SECONDS = 900;
const MAX_SECONDS = 43_200;
const MAX_POLICY_ARNS = 10;
/** A role that is not there trusts nobody: the same answer as one that does not trust the caller. */
const TRUSTS_NOBODY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:*"}]}';

/** What every way into a role asks for. */
export interface RoleWish {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly seconds: number;
  readonly policy: string | null;
  readonly managedPolicies: readonly string[];
}

/** The role of this very ARN. */
export function roleOf({ roles }: StsOptions, arn: string): Role | undefined {
  const role = roles.find(ROLE_ARN.exec(arn)?.[1] ?? '');
  return role?.arn === arn ? role : undefined;
}

/** @throws ServiceError ValidationError, MalformedPolicyDocument */
export function readRoleWish(input: JsonObject, policies: PolicyTable): RoleWish {
  const policy = optionalText(input, 'Policy', { max: 2048 });
  if (policy !== null) assertIdentityPolicy(policy);
  const arns = objectList(input, 'PolicyArns', MAX_POLICY_ARNS).map((item) => requiredText(item, 'arn', POLICY_ARN));
  return {
    roleArn: requiredText(input, 'RoleArn', { min: 20, max: 2048, pattern: ROLE_ARN }),
    sessionName: requiredText(input, 'RoleSessionName', SESSION_NAME),
    seconds: optionalInteger(input, 'DurationSeconds', MIN_SECONDS, MAX_SECONDS) ?? 3600,
    policy,
    managedPolicies: arns.map((arn) => policies.documentOf(arn) ?? unknownPolicy(arn)),
  };
}

function unknownPolicy(arn: string): never {
  throw invalid('PolicyArns', `The policy ${arn} does not exist.`);
}

/** The role's trust policy is asked. */
export function trustQuestion(
  action: string,
  resource: string,
  role: Role | undefined,
  context: Authorization['context'],
): Authorization {
  return { action, resource, resourcePolicy: role?.trust ?? TRUSTS_NOBODY, context };
}

/** @throws ServiceError ValidationError when the role's sessions are shorter. */
export function assertDuration(wish: RoleWish, role: Role): void {
  if (wish.seconds <= role.maxSessionSeconds) return;
  throw invalid('DurationSeconds', 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
}
