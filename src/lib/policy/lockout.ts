import type { PolicyDocument } from './document.js';
import { parsePolicy } from './document.js';
import { evaluate } from './evaluate.js';
import { type PolicyPlace, powerOf, sideOf } from './extent.js';
import type { Context } from './keys.js';
import { namedIn } from './named.js';
import type { Principal } from './principals.js';

/** Who must be able to put the next policy, and how custody's own sessions look to KMS. */
export interface LockoutQuestion extends PolicyPlace {
  readonly executorRoleArn: string;
  /** The SourceIdentity of each who may enter the executor role: one for whom the policy works is enough. */
  readonly sourceIdentities: readonly string[];
  /** Approval slots that a quorum would set, as `aws:PrincipalTag/…`, for a policy under the interlock. */
  readonly slots?: (sourceIdentity: string) => Context;
}

/** A policy that holds only until some day, or only from one on, locks out for the rest. */
const TIMES: readonly (string | null)[] = [null, '2020-01-01T00:00:00Z', '2099-01-01T00:00:00Z'];

/**
 * Whether, after this policy, the executor could put another one (T50); null when it could, else why not. What cannot be
 * told counts against it: a condition on an address, a time or a tag that custody's sessions do not have, and a policy that
 * only hands the decision to the account's own policies.
 * @throws CustodyError POLICY_MALFORMED
 */
export function lockoutOf(policy: string, question: LockoutQuestion): string | null {
  const document = parsePolicy(policy, 'key policy');
  if (question.sourceIdentities.some((identity) => mayAlways(document, question, identity))) return null;
  const side = sideOf(document);
  const others = namedIn([document], question.account).some(
    (named) => powerOf(side, named, 'PutKeyPolicy', question) !== 'never',
  );
  return others
    ? 'the executor role could put no other key policy afterwards: only someone else, or nobody, could'
    : 'nobody could put another key policy afterwards: the key could never be managed again';
}

function mayAlways(document: PolicyDocument, question: LockoutQuestion, identity: string): boolean {
  return TIMES.every((time) =>
    mayPutPolicy(document, question, {
      ...contextOf(question.account, identity, time),
      ...question.slots?.(identity),
    }),
  );
}

function mayPutPolicy(resourcePolicy: PolicyDocument, { keyArn, executorRoleArn }: LockoutQuestion, context: Context) {
  const action = 'kms:PutKeyPolicy';
  const principal = sessionOf(executorRoleArn);
  return evaluate({ action, resource: keyArn, principal, context, resourcePolicy, resourceIsAuthority: true }).allowed;
}

/** What is certain of every call that custody makes as the executor (AWS global condition context keys). */
function contextOf(account: string, identity: string, time: string | null): Context {
  return {
    'aws:SourceIdentity': identity,
    'kms:CallerAccount': account,
    'aws:SecureTransport': 'true',
    'kms:BypassPolicyLockoutSafetyCheck': 'false',
    ...(time === null ? {} : { 'aws:CurrentTime': time, 'aws:EpochTime': String(Date.parse(time) / 1000) }),
  };
}

function sessionOf(roleArn: string): Principal {
  const [, partition = '', , , account = '', path = ''] = roleArn.split(':');
  const role = path.split('/').at(-1) ?? '';
  return {
    account,
    kind: 'role',
    principalArn: roleArn,
    callerArn: `arn:${partition}:sts::${account}:assumed-role/${role}/custody`,
  };
}
