import { instantFromMillis } from '../base/time.js';
import type { PolicyDocument } from '../policy/document.js';
import { type Decision, evaluate } from '../policy/evaluate.js';
import { policyOf } from './iam/documents.js';
import type { PolicyTable } from './iam/managed-policy.js';
import type { RoleTable } from './iam/role.js';
import type { Organization } from './organization.js';
import type { Authorization, Caller, ServiceError } from './service.js';
import { type Dialect, wireFault } from './wire/faults.js';

/** What is known of a call before any service asks a question. */
export interface Circumstances {
  readonly caller: Caller;
  /** JSON texts of the policies that the session was limited by when it began. */
  readonly sessionPolicies: readonly string[];
  readonly region: string;
  readonly nowMillis: number;
  readonly sourceIp: string;
}

export interface Authority {
  decide(question: Authorization, circumstances: Circumstances): Decision;
}

/** Where the policies of the account are. */
export interface PolicySources {
  readonly roles: RoleTable;
  readonly policies: PolicyTable;
  readonly organization: Organization;
}

/** Joins a question with the caller's policies and the global condition keys, for policy/evaluate to judge. */
export function createAuthority(sources: PolicySources): Authority {
  return {
    decide: (question, circumstances) => {
      const { caller, sessionPolicies } = circumstances;
      return evaluate({
        action: question.action,
        resource: question.resource,
        principal: caller,
        // A service's word on its own request never replaces what the sandbox itself knows of the caller.
        context: { ...question.context, ...globalContext(circumstances) },
        resourceIsAuthority: question.resourcePolicy !== undefined && question.policyAdds === undefined,
        ...identityOf(sources, caller),
        ...sources.organization.policiesFor(question.action),
        sessionPolicies: sessionPolicies.map(policyOf),
        ...(question.resourcePolicy === undefined ? {} : { resourcePolicy: policyOf(question.resourcePolicy) }),
        ...(question.grantAllows === undefined ? {} : { grantAllows: question.grantAllows }),
      });
    },
  };
}

/** A boundary that was deleted limits everything: nothing allows by it any more. */
const NOTHING: PolicyDocument = { version: '2012-10-17', statements: [] };

function identityOf({ roles, policies }: PolicySources, { kind, principalArn }: Caller) {
  const role = kind === 'role' ? roles.find(principalArn.slice(principalArn.lastIndexOf('/') + 1)) : undefined;
  const attached = (role?.attached ?? []).flatMap((arn) => policies.documentOf(arn) ?? []);
  const boundary = role?.boundary === undefined ? undefined : policies.documentOf(role.boundary);
  return {
    identityPolicies: [...Object.values(role?.policies ?? {}), ...attached].map(policyOf),
    ...(role?.boundary === undefined ? {} : { boundary: boundary === undefined ? NOTHING : policyOf(boundary) }),
  };
}

const PRINCIPAL_TYPES = { root: 'Account', user: 'User', role: 'AssumedRole' } as const;

/** "AWS global condition context keys": an absent one stays absent. */
function globalContext({
  caller,
  region,
  nowMillis,
  sourceIp,
}: Circumstances): Record<string, string | readonly string[]> {
  const now = instantFromMillis(nowMillis);
  const context: Record<string, string> = {
    ...principalContext(caller),
    'aws:CurrentTime': now.replace(/\.\d{3}Z$/, 'Z'),
    'aws:EpochTime': String(Math.floor(nowMillis / 1000)),
    // The sandbox stands for AWS's HTTPS endpoints, whatever carries the bytes on this machine.
    'aws:SecureTransport': 'true',
    'aws:SourceIp': sourceIp,
    'aws:RequestedRegion': region,
  };
  return context;
}

/** Who comes with a token alone is nobody in the account yet. */
function principalContext(caller: Caller): Record<string, string> {
  if (caller.kind === 'federated') return { 'aws:FederatedProvider': caller.principalArn };
  if (caller.kind === 'service') {
    return { 'aws:PrincipalIsAWSService': 'true', 'aws:PrincipalServiceName': caller.principalArn };
  }
  const context: Record<string, string> = {
    'aws:PrincipalArn': caller.principalArn,
    'aws:PrincipalAccount': caller.account,
    'aws:PrincipalType': PRINCIPAL_TYPES[caller.kind],
    'aws:userid': caller.userId,
  };
  if (caller.sourceIdentity !== null) context['aws:SourceIdentity'] = caller.sourceIdentity;
  for (const [key, value] of Object.entries(caller.principalTags)) context[`aws:PrincipalTag/${key}`] = value;
  return context;
}

const POLICY_WORDS: Readonly<Record<string, string>> = {
  resource: 'resource-based policy',
  identity: 'identity-based policy',
  session: 'session policy',
  boundary: 'permissions boundary',
  scp: 'service control policy',
  rcp: 'resource control policy',
};

/** AWS's own words for a refusal ("Troubleshoot access denied error messages"). */
export function accessDenied(
  caller: Caller,
  question: Authorization,
  decision: Decision,
  dialect: Dialect,
): ServiceError {
  // AWS tells a stranger with a token nothing more.
  if (caller.kind === 'federated') return wireFault(dialect, 'denied', `Not authorized to perform ${question.action}`);
  const head = `User: ${caller.callerArn} is not authorized to perform: ${question.action} on resource: ${question.resource}`;
  return wireFault(dialect, 'denied', `${head} ${because(decision)}`);
}

function because({ reason, by, missing }: Decision): string {
  if (reason === 'explicit-deny') {
    const word = POLICY_WORDS[by?.policy ?? 'identity'] ?? 'policy';
    return `with an explicit deny in ${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
  }
  return `because no ${POLICY_WORDS[missing ?? 'identity'] ?? 'policy'} allows the action`;
}
