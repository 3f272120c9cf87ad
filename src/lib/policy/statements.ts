import { formatCanonical, type JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';

/** KMS's limit ("Resource quotas: Key policy document size"). */
export const MAX_KEY_POLICY_BYTES = 32_768;

/**
 * A key policy of these statements as canonical JSON.
 * @throws CustodyError LIMIT_EXCEEDED beyond KMS's limit
 */
export function formatKeyPolicy(statements: readonly JsonObject[]): string {
  const { text, bytes } = written(statements);
  if (bytes <= MAX_KEY_POLICY_BYTES) return text;
  throw tooLong(bytes, {}, ['Let fewer roles use this key, or split it into two keys.']);
}

/**
 * The first form that KMS takes.
 * @param statements of each form, from the one that says most to the shortest
 * @throws CustodyError LIMIT_EXCEEDED with the bytes of each operation, so that people see what takes the room
 */
export function formatFitting<F>(forms: readonly F[], statements: (form: F) => readonly JsonObject[]) {
  let last: readonly JsonObject[] = [];
  for (const form of forms) {
    last = statements(form);
    const { text, bytes } = written(last);
    if (bytes <= MAX_KEY_POLICY_BYTES) return { form, text };
  }
  throw tooLong(written(last).bytes, { bytesByOperation: bytesByOperation(last) }, [
    'Shorter names of custodians, keys and roles make it smaller; so does a smaller roster.',
    'Let fewer roles use this key, or split it into two keys.',
  ]);
}

/** Characters, white space not counted ("IAM and AWS STS quotas", "Quotas for AWS Organizations"). */
const ROLE_POLICY_LIMIT = 10_240;
/** 2,048 unless the account's quota "Role trust policy length" was raised; it can be no more than this. */
const TRUST_POLICY_LIMIT = 4096;
const ORGANIZATION_POLICY_LIMIT = 5120;

/** A role's inline policy as canonical JSON. @throws CustodyError LIMIT_EXCEEDED */
export function formatRolePolicy(statements: readonly JsonObject[]): string {
  return formatWithin(statements, ROLE_POLICY_LIMIT, 'a role policy');
}

/** A role's trust policy as canonical JSON. @throws CustodyError LIMIT_EXCEEDED */
export function formatTrustPolicy(statements: readonly JsonObject[]): string {
  return formatWithin(statements, TRUST_POLICY_LIMIT, 'a trust policy');
}

/** A service or resource control policy as canonical JSON. @throws CustodyError LIMIT_EXCEEDED */
export function formatOrganizationPolicy(statements: readonly JsonObject[]): string {
  return formatWithin(statements, ORGANIZATION_POLICY_LIMIT, 'an organization policy');
}

function formatWithin(statements: readonly JsonObject[], limit: number, what: string): string {
  const { text, bytes } = written(statements);
  if (bytes <= limit) return text;
  throw new CustodyError('LIMIT_EXCEEDED', `${what} has ${bytes} characters, AWS takes at most ${limit}`, {
    details: { bytes, limit },
  });
}

function written(statements: readonly JsonObject[]) {
  const text = formatCanonical({ Version: '2012-10-17', Statement: statements });
  return { text, bytes: Buffer.byteLength(text, 'utf8') };
}

function tooLong(bytes: number, more: JsonObject, suggestions: readonly string[]): CustodyError {
  const message = `a key policy has ${bytes} bytes, KMS takes at most ${MAX_KEY_POLICY_BYTES}`;
  return new CustodyError('LIMIT_EXCEEDED', message, {
    details: { bytes, limit: MAX_KEY_POLICY_BYTES, ...more },
    suggestions,
  });
}

/** By what a statement is about, so that the largest part shows. */
function bytesByOperation(statements: readonly JsonObject[]): JsonObject {
  const bytes = new Map<string, number>();
  for (const statement of statements) {
    const name = String(Array.isArray(statement.Action) ? statement.Action.at(-1) : statement.Action);
    bytes.set(name, (bytes.get(name) ?? 0) + Buffer.byteLength(formatCanonical(statement), 'utf8') + 1);
  }
  return Object.fromEntries(bytes);
}

/** Lets these roles do these KMS operations. */
export function allow(
  sid: string,
  roles: readonly string[],
  operations: readonly string[],
  condition?: JsonObject,
): JsonObject {
  const statement = { Sid: sid, Effect: 'Allow', Principal: { AWS: oneOrMany(roles) }, ...actions(operations) };
  return condition === undefined || Object.keys(condition).length === 0
    ? statement
    : { ...statement, Condition: condition };
}

export function denyEveryone(sid: string, operations: readonly string[], condition: JsonObject): JsonObject {
  return { Sid: sid, Effect: 'Deny', Principal: '*', ...actions(operations), Condition: condition };
}

function actions(operations: readonly string[]): JsonObject {
  return { Action: oneOrMany(operations.map((operation) => `kms:${operation}`)), Resource: '*' };
}

export function oneOrMany(items: readonly string[]): string | readonly string[] {
  return items.length === 1 && items[0] !== undefined ? items[0] : items;
}
