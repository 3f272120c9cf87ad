import { decodeUtf8 } from '../base/bytes.js';
import { CustodyError } from '../base/errors.js';
import { readOperator } from './conditions.js';
import { type ConditionElement, type PolicyDocument, type PolicyStatement, parsePolicy } from './document.js';
import { MAX_KEY_POLICY_BYTES } from './statements.js';

export type KeyPolicyFault =
  | 'SIZE'
  | 'CHARACTERS'
  | 'PRINCIPAL_MISSING'
  | 'ACTION_MISSING'
  | 'RESOURCE_MISSING'
  | 'CONDITION_KEY_FORBIDDEN'
  | 'FOR_ALL_VALUES_PERMISSIVE'
  | 'OPERATOR_UNKNOWN'
  | 'VARIABLE_UNSUPPORTED';

/** What KMS would reject, or would take although it has no effect. */
export interface KeyPolicyFinding {
  /** Index of the statement; null when it is about the whole document. */
  readonly statement: number | null;
  readonly code: KeyPolicyFault;
  readonly message: string;
  /** False where KMS stores the policy all the same. */
  readonly rejected: boolean;
}

/** Space to U+00FF without controls, and tab, line feed, carriage return (PutKeyPolicy, "Policy"). */
const CHARACTERS = /^[\t\n\r\u0020-\u007e\u00a0-\u00ff]*$/;
const FORBIDDEN_KEY = /^(?:aws:resourcetag\/|kms:resourcetag(?:\/|$)|kms:resourcealiases$)/;
const OPEN_SET_KEY = /^(?:aws:requesttag\/|kms:encryptioncontext:)/;
const VARIABLE_START = '${';
const TAKES_VARIABLES = /^(?:String|Arn)/;

/**
 * What KMS rejects in a key policy beyond the form of a policy document. Whether the principals exist and whether the
 * caller would lock itself out only KMS (or the sandbox) can say.
 * @throws CustodyError POLICY_MALFORMED when it is no policy document at all
 */
export function validateKeyPolicy(source: string | Uint8Array): readonly KeyPolicyFinding[] {
  const bytes = typeof source === 'string' ? Buffer.from(source, 'utf8') : source;
  const findings: KeyPolicyFinding[] = [];
  if (bytes.length > MAX_KEY_POLICY_BYTES) {
    findings.push(rejected(null, 'SIZE', `${bytes.length} bytes, at most ${MAX_KEY_POLICY_BYTES}`));
  }
  if (!CHARACTERS.test(decodeUtf8(bytes) ?? '\0')) {
    findings.push(rejected(null, 'CHARACTERS', 'a character outside of Latin-1 or a control character'));
  }
  return [...findings, ...validateStatements(parsePolicy(source, 'key policy'))];
}

/**
 * A key policy that KMS would take. What anybody is told about a policy is told of one that there can be.
 * @throws CustodyError POLICY_MALFORMED naming what KMS would reject, with `details.faults`
 */
export function readKeyPolicy(source: string | Uint8Array, where: string): PolicyDocument {
  const document = parsePolicy(source, where);
  const faults = validateKeyPolicy(source).filter(({ rejected }) => rejected);
  if (faults.length === 0) return document;
  const lines = faults.map(
    ({ statement, message }) => `${statement === null ? '' : `statement ${statement + 1}: `}${message}`,
  );
  throw new CustodyError('POLICY_MALFORMED', `${where}: KMS would reject the policy: ${lines.join('; ')}`, {
    details: { faults },
  });
}

function validateStatements(document: PolicyDocument): readonly KeyPolicyFinding[] {
  return document.statements.flatMap((statement, at) => [
    ...validateElements(statement, at),
    ...statement.conditions.flatMap((condition) => validateCondition(condition, at, document)),
  ]);
}

function validateElements(statement: PolicyStatement, at: number): readonly KeyPolicyFinding[] {
  const findings: KeyPolicyFinding[] = [];
  if (statement.principal === undefined) findings.push(rejected(at, 'PRINCIPAL_MISSING', 'no Principal'));
  const noEffect = (code: KeyPolicyFault, name: string) =>
    findings.push({
      statement: at,
      code,
      message: `no ${name}: KMS stores the statement, but it has no effect`,
      rejected: false,
    });
  if (statement.action.patterns.length === 0) noEffect('ACTION_MISSING', 'Action');
  if (statement.resource === undefined) noEffect('RESOURCE_MISSING', 'Resource');
  return findings;
}

function validateCondition(
  { operator, key, values }: ConditionElement,
  at: number,
  { version }: PolicyDocument,
): readonly KeyPolicyFinding[] {
  const findings: KeyPolicyFinding[] = [];
  const parsed = readOperator(operator);
  const name = key.toLowerCase();
  if (parsed === null) findings.push(rejected(at, 'OPERATOR_UNKNOWN', `no condition operator ${operator}`));
  if (FORBIDDEN_KEY.test(name)) {
    findings.push(rejected(at, 'CONDITION_KEY_FORBIDDEN', `${key} is not permitted in a key policy`));
  }
  if (parsed?.quantifier === 'ForAllValues' && OPEN_SET_KEY.test(name)) {
    findings.push(rejected(at, 'FOR_ALL_VALUES_PERMISSIVE', `ForAllValues on ${key} holds for requests without it`));
  }
  const variable = version === '2012-10-17' && values.some((value) => value.includes(VARIABLE_START));
  if (variable && parsed !== null && !TAKES_VARIABLES.test(parsed.name)) {
    findings.push(rejected(at, 'VARIABLE_UNSUPPORTED', `${operator} takes no policy variables`));
  }
  return findings;
}

function rejected(statement: number | null, code: KeyPolicyFault, message: string): KeyPolicyFinding {
  return { statement, code, message, rejected: true };
}
