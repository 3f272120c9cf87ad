import type { JsonObject, JsonValue } from '../../../src/lib/base/canonical-json.js';
import { type PolicyDocument, parsePolicy } from '../../../src/lib/policy/document.js';
import type { EvaluationInput } from '../../../src/lib/policy/evaluate.js';
import type { Principal } from '../../../src/lib/policy/principals.js';

export const ACCOUNT = '111122223333';
export const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/mrk-0123456789abcdef0123456789abcdef`;

/** `role/App` (a session of it), `user/bob`, `root`, `service/NAME`, `federated/ARN`; after `@`, another account. */
export function principalOf(text: string): Principal {
  const [name = '', account = ACCOUNT] = text.split('@');
  const at = name.indexOf('/');
  const kind = (at < 0 ? name : name.slice(0, at)) as Principal['kind'];
  const rest = name.slice(at + 1);
  if (kind === 'service' || kind === 'federated') return { account: '', kind, principalArn: rest, callerArn: rest };
  const principalArn = `arn:aws:iam::${account}:${name}`;
  const session = `arn:aws:sts::${account}:assumed-role/${rest.split('/').at(-1)}/session`;
  return { account, kind, principalArn, callerArn: kind === 'role' ? session : principalArn };
}

export function documentOf(value: JsonValue): PolicyDocument {
  return parsePolicy(JSON.stringify(value), 'case');
}

/** The input of a vector: policies are JSON as AWS writes it, everything else has a plain default. */
export interface Case {
  readonly action?: string;
  readonly resource?: string;
  readonly principal?: string;
  readonly context?: EvaluationInput['context'];
  readonly authority?: boolean;
  readonly resourceAccount?: string;
  readonly resourcePolicy?: JsonObject;
  readonly identityPolicies?: readonly JsonObject[];
  readonly sessionPolicies?: readonly JsonObject[];
  readonly boundary?: JsonObject;
  readonly scp?: readonly (readonly JsonObject[])[];
  readonly rcp?: readonly (readonly JsonObject[])[];
  readonly grantAllows?: boolean;
}

export function inputOf(given: Case): EvaluationInput {
  const levels = (documents: readonly (readonly JsonObject[])[]) => documents.map((level) => level.map(documentOf));
  return {
    action: given.action ?? 'kms:Decrypt',
    resource: given.resource ?? KEY,
    principal: principalOf(given.principal ?? 'role/App'),
    context: given.context ?? {},
    resourceIsAuthority: given.authority ?? true,
    ...(given.resourceAccount && { resourceAccount: given.resourceAccount }),
    ...(given.resourcePolicy && { resourcePolicy: documentOf(given.resourcePolicy) }),
    ...(given.identityPolicies && { identityPolicies: given.identityPolicies.map(documentOf) }),
    ...(given.sessionPolicies && { sessionPolicies: given.sessionPolicies.map(documentOf) }),
    ...(given.boundary && { boundary: documentOf(given.boundary) }),
    ...(given.scp && { serviceControlPolicies: levels(given.scp) }),
    ...(given.rcp && { resourceControlPolicies: levels(given.rcp) }),
    ...(given.grantAllows && { grantAllows: true }),
  };
}
