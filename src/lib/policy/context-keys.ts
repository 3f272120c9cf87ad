import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';

/** The condition that all of these keys have these values; none where there are none. */
export function whenEquals(keys: JsonObject): JsonObject {
  return Object.keys(keys).length === 0 ? {} : { StringEquals: keys };
}

/**
 * Condition keys of an encryption context, their values literal.
 * @throws CustodyError PLAN_INVALID for names that differ only in case
 */
export function contextKeys(context: Readonly<Record<string, string>>): JsonObject {
  const names = Object.keys(context);
  // Condition keys ignore case: of two such names KMS could not tell which is meant.
  if (new Set(names.map((name) => name.toLowerCase())).size !== names.length) {
    throw new CustodyError('PLAN_INVALID', 'an encryption context has two names that differ only in case');
  }
  return Object.fromEntries(names.map((name) => [`kms:EncryptionContext:${name}`, literal(context[name] ?? '')]));
}

/** How a policy writes a dollar that starts no variable. */
const LITERAL_DOLLAR = `$${'{$}'}`;

/** A value that must not be read as a policy variable. */
function literal(value: string): string {
  return value.split('$').join(LITERAL_DOLLAR);
}
