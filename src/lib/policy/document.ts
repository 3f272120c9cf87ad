import type { JsonValue } from '../base/canonical-json.js';
import { parseJson } from '../base/canonical-json.js';
import { findDuplicateName } from '../base/duplicates.js';
import { CustodyError } from '../base/errors.js';
import {
  type Fault,
  fault,
  formatFault,
  isObject,
  list,
  object,
  oneOf,
  optional,
  type Reader,
  readFields,
  text,
  where,
} from '../base/fields.js';

/** Without `Version` AWS reads a policy as 2008-10-17, in which variables are plain text. */
export const POLICY_VERSIONS = ['2012-10-17', '2008-10-17'] as const;
export type PolicyVersion = (typeof POLICY_VERSIONS)[number];

/** An AWS IAM policy document in exact form ("IAM JSON policy elements reference"). */
export interface PolicyDocument {
  readonly version: PolicyVersion;
  readonly id?: string;
  readonly statements: readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly sid?: string;
  readonly effect: 'Allow' | 'Deny';
  /** Absent in identity policies. */
  readonly principal?: PrincipalElement;
  /** Without patterns when the element is absent: such a statement has no effect (KMS, PutKeyPolicy). */
  readonly action: PatternElement;
  /** Absent in trust policies. */
  readonly resource?: PatternElement;
  /** All must hold; empty when there is no `Condition`. */
  readonly conditions: readonly ConditionElement[];
}

export interface PatternElement {
  /** `NotAction`, `NotResource`. */
  readonly not: boolean;
  readonly patterns: readonly string[];
}

export interface PrincipalElement {
  /** `NotPrincipal`. */
  readonly not: boolean;
  /** `"*"`, and `{"AWS": "*"}`, which AWS documents as the same. */
  readonly everyone: boolean;
  /** Account ids, ARNs of account roots, users, roles and sessions, unique ids of deleted principals. */
  readonly aws: readonly string[];
  readonly service: readonly string[];
  readonly federated: readonly string[];
  readonly canonicalUser: readonly string[];
}

/** One operator applied to one key. */
export interface ConditionElement {
  /** As written: `ForAllValues:StringLikeIfExists`. */
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

const LIMITS = { maxBytes: 256 * 1024, maxDepth: 16 };
const MAX_ITEMS = 2048;
const ACTION = /^(?:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/;
const AWS_PRINCIPAL =
  /^(?:\*|\d{12}|arn:aws[a-z-]*:iam::\d{12}:(?:root|(?:user|role)\/[\w+=,.@/-]+)|arn:aws[a-z-]*:sts::\d{12}:(?:assumed-role\/[\w+=,.@-]+\/[\w+=,.@:-]+|federated-user\/[\w+=,.@-]+)|A[A-Z0-9]{15,127})$/;

function oneOrMany(read: Reader<string>): Reader<readonly string[]> {
  const many = list(read, { min: 1, max: MAX_ITEMS });
  return (value, path, faults) => {
    if (Array.isArray(value)) return many(value, path, faults);
    const one = read(value, path, faults);
    return one === undefined ? undefined : [one];
  };
}

const anyText = text({ max: 4096 });
const actions = oneOrMany(text({ max: 256, pattern: ACTION, expected: 'an action such as "kms:Decrypt", or "*"' }));
const resources = oneOrMany(text({ max: 4096, expected: 'a resource ARN or "*"' }));

/** Unquoted numbers and booleans are legal here alone ("Grammar of the IAM JSON policy language", condition_value). */
const conditionValue: Reader<string> = (value, path, faults) => {
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  return text({ min: 0, max: 8192, expected: 'text, a number or a boolean' })(value, path, faults);
};

const principalMap = object({
  AWS: optional(
    oneOrMany(
      text({
        max: 2048,
        pattern: AWS_PRINCIPAL,
        expected: 'an account id, the ARN of an account root, user, role or session without wildcards, or "*"',
      }),
    ),
  ),
  Service: optional(oneOrMany(anyText)),
  Federated: optional(oneOrMany(anyText)),
  CanonicalUser: optional(oneOrMany(anyText)),
});

const principal: Reader<Omit<PrincipalElement, 'not'>> = (value, path, faults) => {
  const none = { everyone: false, aws: [], service: [], federated: [], canonicalUser: [] };
  if (value === '*') return { ...none, everyone: true };
  if (typeof value === 'string') return fault(faults, path, '"*" or an object of AWS, Service, Federated', value);
  const raw = principalMap(value, path, faults);
  if (raw === undefined) return undefined;
  if (Object.keys(raw).length === 0) return fault(faults, path, 'at least one principal', 'none');
  const aws = raw.AWS ?? [];
  return {
    everyone: aws.includes('*'),
    aws: aws.filter((item) => item !== '*'),
    service: raw.Service ?? [],
    federated: raw.Federated ?? [],
    canonicalUser: raw.CanonicalUser ?? [],
  };
};

const conditionValues = oneOrMany(conditionValue);

const conditions: Reader<readonly ConditionElement[]> = (value, path, faults) => {
  if (!isFilled(value)) return fault(faults, path, 'an object of at least one condition operator', value);
  const before = faults.length;
  const result: ConditionElement[] = [];
  for (const [operator, keys] of Object.entries(value)) {
    if (!isFilled(keys)) fault(faults, `${path}.${operator}`, 'an object of at least one condition key', keys);
    else for (const key of Object.keys(keys)) readCondition(operator, key, keys[key], path, faults, result);
  }
  return faults.length === before ? result : undefined;
};

function readCondition(
  operator: string,
  key: string,
  value: unknown,
  path: string,
  faults: Fault[],
  result: ConditionElement[],
): void {
  const at = `${path}.${operator}.${key}`;
  if (!/^[^\s:]+:\S.*$/.test(key)) fault(faults, at, 'a condition key such as "aws:SourceIdentity"', key);
  const values = conditionValues(value, at, faults);
  if (values !== undefined) result.push({ operator, key, values });
}

function isFilled(value: unknown): value is Record<string, unknown> {
  return isObject(value) && Object.keys(value).length > 0;
}

const rawStatement = object({
  Sid: optional(text({ min: 0, max: 2048 })),
  Effect: oneOf(['Allow', 'Deny']),
  Principal: optional(principal),
  NotPrincipal: optional(principal),
  Action: optional(actions),
  NotAction: optional(actions),
  Resource: optional(resources),
  NotResource: optional(resources),
  Condition: optional(conditions),
});

const statement: Reader<PolicyStatement> = (value, path, faults) => {
  const raw = rawStatement(value, path, faults);
  if (raw === undefined) return undefined;
  const before = faults.length;
  const action = either(raw.Action, raw.NotAction, 'Action', path, faults);
  const resource = either(raw.Resource, raw.NotResource, 'Resource', path, faults);
  if (raw.Principal && raw.NotPrincipal) fault(faults, path, 'Principal or NotPrincipal, not both', 'both');
  if (faults.length > before) return undefined;
  const who = raw.Principal ?? raw.NotPrincipal;
  return {
    ...(raw.Sid === undefined ? {} : { sid: raw.Sid }),
    effect: raw.Effect,
    ...(who === undefined ? {} : { principal: { ...who, not: raw.NotPrincipal !== undefined } }),
    action: action ?? { not: false, patterns: [] },
    ...(resource === undefined ? {} : { resource }),
    conditions: raw.Condition ?? [],
  };
};

function either(
  positive: readonly string[] | undefined,
  negative: readonly string[] | undefined,
  name: string,
  path: string,
  faults: Fault[],
): PatternElement | undefined {
  if (positive && negative) return fault(faults, path, `${name} or Not${name}, not both`, 'both');
  if (positive) return { not: false, patterns: positive };
  return negative && { not: true, patterns: negative };
}

const statements = list(statement, { min: 1, max: MAX_ITEMS });

const rawDocument = object({
  Version: optional(oneOf(POLICY_VERSIONS)),
  // IAM's grammar sets no limit, so only that of the whole policy holds.
  Id: optional(text({ min: 0, max: LIMITS.maxBytes })),
  Statement: (value: unknown, path: string, faults: Fault[]) =>
    statements(isObject(value) ? [value] : value, path, faults),
});

const anyDocument = where(isObject, 'a policy document');

/**
 * Reads an AWS IAM policy document. Names are exact; duplicate JSON names, unknown elements and operands of the wrong
 * type are refused. Unknown condition operators are kept: the evaluator fails closed on them.
 * @throws CustodyError POLICY_MALFORMED naming the statement's index, what was expected and what was found
 */
export function parsePolicy(source: string | Uint8Array, where: string): PolicyDocument {
  const bytes = typeof source === 'string' ? Buffer.from(source, 'utf8') : source;
  const value: JsonValue = parseJson(bytes, where, LIMITS, 'POLICY_MALFORMED');
  const json = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (typeof source === 'string' && json !== source) {
    throw new CustodyError('POLICY_MALFORMED', `${where}: not well-formed text`);
  }
  // JSON.parse keeps the last of two equal names, another parser the first: the two would see different policies (T2).
  const duplicate = findDuplicateName(json);
  if (duplicate !== null) {
    const found: Fault = { path: duplicate, expected: 'each name once', found: 'the name twice' };
    throw new CustodyError('POLICY_MALFORMED', `${where}: ${formatFault(found)}`, { details: { faults: [found] } });
  }
  readFields(anyDocument, value, where, 'POLICY_MALFORMED');
  const raw = readFields(rawDocument, value, where, 'POLICY_MALFORMED');
  return {
    version: raw.Version ?? '2008-10-17',
    ...(raw.Id === undefined ? {} : { id: raw.Id }),
    statements: raw.Statement,
  };
}
