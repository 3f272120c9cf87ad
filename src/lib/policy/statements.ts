import { formatCanonical, type JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';

/** KMS's limit ("Resource quotas: Key policy document size"). */
export const MAX_KEY_POLICY_BYTES = 32_768;

/**
 * A key policy of these statements as canonical JSON.
 * @throws CustodyError LIMIT_EXCEEDED beyond KMS's limit
 */
export function formatKeyPolicy(statements: readonly JsonObject[]): string {
  const text = formatCanonical({ Version: '2012-10-17', Statement: statements });
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes <= MAX_KEY_POLICY_BYTES) return text;
  throw new CustodyError(
    'LIMIT_EXCEEDED',
    `a key policy has ${bytes} bytes, KMS takes at most ${MAX_KEY_POLICY_BYTES}`,
    {
      details: { bytes, limit: MAX_KEY_POLICY_BYTES },
      suggestions: ['Let fewer roles use this key, or split it into two keys.'],
    },
  );
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
