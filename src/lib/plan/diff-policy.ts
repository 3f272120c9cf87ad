import { digestOf } from '../base/bytes.js';
import { formatCanonical, parseJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import type { Difference } from './estate.js';

/**
 * Compares key policies by what they say: order of names and white space are KMS's to choose. Lists keep their order, because
 * KMS gives a policy back as it was written; a list in another order is shown rather than judged.
 * @param move the policy that a quorum gave the key for a while, because it is replaced or replaces another one
 */
export function policyDifference(
  expected: string | undefined,
  found: string | null,
  move?: string,
): readonly Omit<Difference, 'key' | 'region'>[] {
  const wanted = expected === undefined ? null : canonicalPolicy(expected);
  const actual = found === null ? null : canonicalPolicy(found);
  // Two unknowns are not equal: what could not be compared is never taken for in order.
  if (wanted !== null && wanted === actual) return [];
  if (wanted !== null && actual !== null && actual === move) return [moving(wanted)];
  return [
    {
      kind: 'policy',
      expected: wanted === null ? 'a policy to compare with' : digestOf(wanted),
      found: found === null ? 'could not be read' : actual === null ? 'not JSON' : digestOf(actual),
      severity: 'critical',
      ...(wanted !== null && found !== null ? { remedyAction: 'key.policy' as const } : {}),
    },
  ];
}

/** It goes with the last steps of the replacement; a request of its own would cut the move off. */
function moving(wanted: string): Omit<Difference, 'key' | 'region'> {
  const found = 'lets ciphertexts move to the key that replaces it, or from the one that it replaces (keys replace)';
  return { kind: 'policy', expected: digestOf(wanted), found, severity: 'notice' };
}

/** A key policy in canonical form, null for what is no JSON: KMS gives a policy back in a layout of its own. */
export function canonicalPolicy(text: string): string | null {
  try {
    return formatCanonical(parseJson(Buffer.from(text, 'utf8'), 'key policy'));
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}
