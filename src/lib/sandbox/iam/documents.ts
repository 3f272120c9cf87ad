import { CustodyError } from '../../base/errors.js';
import { type PolicyDocument, parsePolicy } from '../../policy/document.js';
import { ServiceError } from '../service.js';

const cache = new Map<string, PolicyDocument>();
const CACHED = 256;

/** A stored policy, parsed once a text: every call is judged by several. @throws CustodyError POLICY_MALFORMED */
export function policyOf(text: string): PolicyDocument {
  const known = cache.get(text);
  if (known) return known;
  const parsed = parsePolicy(text, 'policy');
  if (cache.size >= CACHED) cache.clear();
  cache.set(text, parsed);
  return parsed;
}

/** A trust policy names principals and no resource. @throws ServiceError MalformedPolicyDocument */
export function assertTrustPolicy(text: string): void {
  for (const statement of check(text).statements) {
    if (statement.principal === undefined) throw malformed('Missing required field Principal');
    if (statement.resource !== undefined) throw malformed('Has prohibited field Resource');
    if (!statement.action.patterns.every((action) => action === '*' || /^sts:/i.test(action))) {
      throw malformed('AssumeRole policy may only specify STS AssumeRole actions.');
    }
  }
}

/** An identity or session policy names resources and no principal. @throws ServiceError MalformedPolicyDocument */
export function assertIdentityPolicy(text: string): void {
  for (const statement of check(text).statements) {
    if (statement.principal !== undefined) throw malformed('Policy document should not specify a principal.');
    if (statement.resource === undefined) throw malformed('Policy statement must contain resources.');
  }
}

function check(text: string): PolicyDocument {
  try {
    return policyOf(text);
  } catch (cause) {
    if (cause instanceof CustodyError) throw malformed(cause.message);
    throw cause;
  }
}

function malformed(message: string): ServiceError {
  return new ServiceError('MalformedPolicyDocument', message);
}
