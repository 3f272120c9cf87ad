import type { JsonValue } from '../../base/canonical-json.js';
import { isObject } from './input.js';

const BASE_OPERATORS = [
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringNotLike',
  'NumericEquals',
  'NumericNotEquals',
  'NumericLessThan',
  'NumericLessThanEquals',
  'NumericGreaterThan',
  'NumericGreaterThanEquals',
  'DateEquals',
  'DateNotEquals',
  'DateLessThan',
  'DateLessThanEquals',
  'DateGreaterThan',
  'DateGreaterThanEquals',
  'Bool',
  'BinaryEquals',
  'IpAddress',
  'NotIpAddress',
  'ArnEquals',
  'ArnLike',
  'ArnNotEquals',
  'ArnNotLike',
].map((name) => name.toLowerCase());

/** They would let who tags the key decide who may use it: IAM policies only (Developer Guide, "ABAC for AWS KMS"). */
const REFUSED_KEYS = [/^aws:resourcetag\//, /^kms:resourcetag(?:\/|$)/, /^kms:resourcealiases$/];
const SINGLE_VALUED = /^(?:aws:requesttag\/|kms:encryptioncontext:)/;

/** What is wrong with a statement's Condition in a key policy; `null` when nothing is. */
export function conditionFault(condition: JsonValue | undefined): string | null {
  if (condition === undefined) return null;
  if (!isObject(condition)) return 'Syntax errors in policy: Condition must be an object';
  for (const [operator, block] of Object.entries(condition)) {
    if (!isOperator(operator)) return `Syntax errors in policy: invalid condition operator ${operator}`;
    if (!isObject(block)) return 'Syntax errors in policy: a condition must be an object';
    for (const [key, value] of Object.entries(block)) {
      const fault =
        keyFault(operator, key) ?? (isValue(value) ? null : `Syntax errors in policy: invalid value of ${key}`);
      if (fault !== null) return fault;
    }
  }
  return null;
}

function isOperator(operator: string): boolean {
  const bare = operator.toLowerCase().replace(/^for(?:allvalues|anyvalue):/, '');
  return bare === 'null' || BASE_OPERATORS.includes(bare) || BASE_OPERATORS.includes(bare.replace(/ifexists$/, ''));
}

function keyFault(operator: string, key: string): string | null {
  const folded = key.toLowerCase();
  if (REFUSED_KEYS.some((refused) => refused.test(folded)))
    return `Policy contains the condition key ${key}, which is not supported in key policies.`;
  if (!/^forallvalues:/i.test(operator) || !SINGLE_VALUED.test(folded)) return null;
  const what = folded.startsWith('aws:') ? 'tag' : 'encryption context';
  return `OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified ${what} or with an unspecified ${what}. To fix, remove ForAllValues.`;
}

function isValue(value: JsonValue): boolean {
  const scalar = (item: JsonValue) => ['string', 'boolean', 'number'].includes(typeof item);
  return Array.isArray(value) ? value.every(scalar) : scalar(value);
}
