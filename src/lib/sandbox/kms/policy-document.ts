import type { JsonObject, JsonValue } from '../../base/canonical-json.js';
import { CustodyError } from '../../base/errors.js';
import { parsePolicy } from '../../policy/document.js';
import { limitExceeded, malformedPolicy } from './errors.js';
import { isObject } from './input.js';
import { conditionFault } from './policy-conditions.js';

const MOST_BYTES = 32_768;
const VERSIONS = ['2012-10-17', '2008-10-17'];
const MEMBERS = ['Version', 'Id', 'Statement'];
const STATEMENT_MEMBERS = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
];
const PRINCIPAL_TYPES = ['AWS', 'Service', 'Federated', 'CanonicalUser'];
const ROOT = /^(?:\d{12}|arn:[a-z-]+:iam::\d{12}:root)$/;
const IDENTITY =
  /^arn:[a-z-]+:(?:iam::\d{12}:(?:user|role)\/[\w+=,.@/-]+|sts::\d{12}:(?:assumed-role|federated-user)\/[\w+=,.@/-]+)$/;

/**
 * What KMS checks of a key policy before it looks at who calls.
 * @throws ServiceError LimitExceededException, MalformedPolicyDocumentException
 */
export function assertPolicy(policy: string, principalExists: (arn: string) => boolean): void {
  if (Buffer.byteLength(policy, 'utf8') > MOST_BYTES) {
    throw limitExceeded(`The key policy exceeds the size limit of ${MOST_BYTES} bytes.`);
  }
  for (const statement of statementsOf(parse(policy))) {
    const fault = statementFault(statement);
    if (fault !== null) throw malformedPolicy(fault);
    for (const arn of principalsOf(statement)) {
      if (!isKnown(arn, principalExists))
        throw malformedPolicy('Policy contains a statement with one or more invalid principals.');
    }
  }
  assertJudgeable(policy);
}

/** What the evaluator cannot read would be stored and then fail every call to the key. */
function assertJudgeable(policy: string): void {
  try {
    parsePolicy(policy, 'Policy');
  } catch (cause) {
    if (cause instanceof CustodyError) throw malformedPolicy(cause.message);
    throw cause;
  }
}

function parse(policy: string): JsonObject {
  let document: JsonValue;
  try {
    document = JSON.parse(policy) as JsonValue;
  } catch {
    throw malformedPolicy('This policy contains invalid Json');
  }
  if (!isObject(document)) throw malformedPolicy('Policy document must be a JSON object');
  const unknown = Object.keys(document).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) throw malformedPolicy(`Syntax errors in policy: unknown element ${unknown}`);
  if (document.Version !== undefined && !VERSIONS.some((version) => version === document.Version)) {
    throw malformedPolicy('The policy has an invalid Version');
  }
  return document;
}

function statementsOf(document: JsonObject): readonly JsonObject[] {
  const list: readonly JsonValue[] = Array.isArray(document.Statement)
    ? document.Statement
    : [document.Statement ?? null];
  if (list.length === 0 || !list.every(isObject)) throw malformedPolicy('Policy must have one or more statements');
  return list.filter(isObject);
}

/** `Action` and `Resource` may be missing: KMS accepts the policy and the statement has no effect (API reference, PutKeyPolicy). */
function statementFault(statement: JsonObject): string | null {
  const unknown = Object.keys(statement).find((name) => !STATEMENT_MEMBERS.includes(name));
  if (unknown !== undefined) return `Syntax errors in policy: unknown element ${unknown}`;
  if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny')
    return 'Statement must have an Effect of Allow or Deny';
  for (const [one, other] of [
    ['Principal', 'NotPrincipal'],
    ['Action', 'NotAction'],
    ['Resource', 'NotResource'],
  ] as const) {
    if (statement[one] !== undefined && statement[other] !== undefined) return `Statement has both ${one} and ${other}`;
  }
  if (statement.Principal === undefined && statement.NotPrincipal === undefined)
    return 'Policy contains a statement with no principal';
  if (statement.Sid !== undefined && typeof statement.Sid !== 'string') return 'Statement has an invalid Sid';
  for (const name of ['Action', 'NotAction', 'Resource', 'NotResource']) {
    const value = statement[name];
    if (value !== undefined && !isTexts(value)) return `Statement has an invalid ${name}`;
  }
  if (!actionsOf(statement).every((action) => action === '*' || /^[a-z0-9-]+:[\w*?]+$/i.test(action))) {
    return 'Policy contains a statement with one or more invalid actions.';
  }
  return conditionFault(statement.Condition);
}

function actionsOf(statement: JsonObject): readonly string[] {
  return listOf(statement.Action ?? statement.NotAction);
}

/** The principals of type AWS; a principal of an unknown form comes back as text that nobody has. */
function principalsOf(statement: JsonObject): readonly string[] {
  const principal = statement.Principal ?? statement.NotPrincipal;
  if (principal === '*') return [];
  if (!isObject(principal) || Object.keys(principal).length === 0) return [''];
  const odd = Object.entries(principal).some(([type, value]) => !PRINCIPAL_TYPES.includes(type) || !isTexts(value));
  return odd ? [''] : listOf(principal.AWS).filter((arn) => arn !== '*');
}

/** Principals must exist; no wildcards inside ARNs, and no unique ids of deleted ones. */
function isKnown(arn: string, principalExists: (arn: string) => boolean): boolean {
  if (ROOT.test(arn)) return true;
  return IDENTITY.test(arn) && principalExists(identityOf(arn));
}

/** The role of a session; any other ARN unchanged. */
export function identityOf(arn: string): string {
  return arn.replace(/^(arn:[a-z-]+):sts::(\d{12}):assumed-role\/([^/]+)\/.*$/, '$1:iam::$2:role/$3');
}

export function isAccount(arn: string): boolean {
  return ROOT.test(arn);
}

function isTexts(value: JsonValue): boolean {
  return (
    typeof value === 'string' ||
    (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string'))
  );
}

function listOf(value: JsonValue | undefined): readonly string[] {
  const list: readonly JsonValue[] = Array.isArray(value) ? value : [value ?? null];
  return list.filter((item): item is string => typeof item === 'string');
}
