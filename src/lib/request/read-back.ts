import type { JsonValue } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { digestOfJson, type SignedCall } from '../record/statement.js';
import type { Run } from './run.js';

/**
 * Reads back the key policies that the calls of a request have set, by Region: no condition of KMS could look at their
 * content.
 * @throws CustodyError POST_STATE_UNEXPECTED
 */
export async function assertPolicies(
  { request, reader }: Run,
  keyId: string,
): Promise<Readonly<Record<string, string>>> {
  const policies: Record<string, string> = {};
  for (const { where, policy } of request.calls.flatMap(policySet)) {
    const live = await reader.policy(where, keyId);
    if (live === null || !samePolicy(live, policy)) {
      throw new CustodyError('POST_STATE_UNEXPECTED', `the key policy in ${where} is not the one that was signed`);
    }
    policies[where] = digestOfPolicy(live);
  }
  return policies;
}

/** KMS gives policies back in a layout of its own. */
export function samePolicy(one: string, other: string): boolean {
  return digestOfPolicy(one) === digestOfPolicy(other);
}

/** The policy that a call sets, and the Region where it then counts. */
function policySet({ region, parameters }: SignedCall): readonly { readonly where: string; readonly policy: string }[] {
  const { Policy: policy, ReplicaRegion: replica } = parameters;
  return typeof policy === 'string' ? [{ where: typeof replica === 'string' ? replica : region, policy }] : [];
}

function digestOfPolicy(text: string): string {
  return digestOfJson(JSON.parse(text) as JsonValue);
}
