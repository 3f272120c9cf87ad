import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { parsePolicy } from './document.js';

/** Condition keys that follow from names: `kms:RequestAlias` is the one by which the key is called, `kms:ResourceAliases` all that it has. */
const NAME_KEYS = ['kms:requestalias', 'kms:resourcealiases'];

/** A condition of a key policy on names of the key. */
export interface AliasCondition {
  readonly sid: string | null;
  readonly effect: 'Allow' | 'Deny';
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/**
 * The conditions of a key policy that hold or fail with an alias: moving one lets somebody in or shuts somebody out, past
 * the policy's own text. A policy that cannot be read is one condition of its own.
 */
export function aliasConditionsOf(policy: string): readonly AliasCondition[] {
  try {
    return parsePolicy(policy, 'key policy').statements.flatMap(({ sid = null, effect, conditions }) =>
      conditions
        .filter(({ key }) => NAME_KEYS.includes(key.toLowerCase()))
        .map(({ key, operator, values }) => ({ sid, effect, key, operator, values })),
    );
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    return [{ sid: null, effect: 'Deny', key: 'unreadable', operator: cause.code, values: [] }];
  }
}

/** In the form of a signed pre-state. */
export function aliasConditionJson({ sid, effect, key, operator, values }: AliasCondition): JsonObject {
  return { sid, effect, key, operator, values };
}
