import { digestOf } from '../base/bytes.js';
import { formatCanonical, parseJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import type { Difference } from './estate.js';

/**
 * Compares key policies by what they say: order of names and white space are KMS's to choose. Lists keep their order, because
 * KMS gives a policy back as it was written; a list in another order is shown rather than judged.
 */
export function policyDifference(
  expected: string | undefined,
  found: string | null,
): readonly Omit<Difference, 'key' | 'region'>[] {
  const wanted = expected === undefined ? null : canonicalPolicy(expected);
  const actual = found === null ? null : canonicalPolicy(found);
  // Two unknowns are not equal: what could not be compared is never taken for in order.
  if (wanted !== null && wanted === actual) return [];
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

/** A key policy in canonical form, null for what is no JSON: KMS gives a policy back in a layout of its own. */
export function canonicalPolicy(text: string): string | null {
  try {
    return formatCanonical(parseJson(Buffer.from(text, 'utf8'), 'key policy'));
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}
