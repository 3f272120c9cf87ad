import type { JsonObject } from '../../base/canonical-json.js';
import type { Call } from '../service.js';
import { keyQuestion } from './access.js';
import type { Context } from './ask.js';
import { malformedPolicy, notFound, validation } from './errors.js';
import type { Target } from './identifiers.js';
import { flag, optionalText, text } from './input.js';
import { type Operations, openKey } from './operation.js';
import { page } from './paging.js';
import { assertPolicy } from './policy-document.js';
import { putKey, type World } from './state.js';

/** KMS knows one policy a key, and this is its name. */
const NAME = 'default';

/** `kms:BypassPolicyLockoutSafetyCheck` as in the request; absent when the request does not say (Developer Guide, "condition keys"). */
export function bypassContext(input: JsonObject): Context {
  const given = input.BypassPolicyLockoutSafetyCheck;
  return typeof given === 'boolean' ? { 'kms:BypassPolicyLockoutSafetyCheck': String(given) } : {};
}

/**
 * Checks a key policy for a key as it will be; `target.row.policy` is not read.
 * @throws ServiceError MalformedPolicyDocumentException when the caller could not put another policy afterwards.
 */
export function assertAcceptable(world: World, call: Call, target: Target, policy: string, input: JsonObject): void {
  assertPolicy(policy, world.principalExists);
  if (flag(input, 'BypassPolicyLockoutSafetyCheck')) return;
  const after = keyQuestion(world, call, { ...target, row: { ...target.row, policy } }, 'PutKeyPolicy');
  if (!call.allows(after)) {
    throw malformedPolicy('The new key policy will not allow you to update the key policy in the future.');
  }
}

/** KMS gives a policy back in its own layout, never byte for byte as it came. */
export function layOut(policy: string): string {
  return JSON.stringify(JSON.parse(policy), null, 2).replace(/^( *"(?:[^"\\]|\\.)*"):/gm, '$1 :');
}

export const policyOperations: Operations = (world) => ({
  GetKeyPolicy(input, call) {
    const { row } = openKey(world, call, input, 'GetKeyPolicy');
    const name = optionalText(input, 'PolicyName') ?? NAME;
    if (name !== NAME) throw notFound('No such policy exists');
    return { Policy: layOut(row.policy), PolicyName: NAME };
  },

  ListKeyPolicies(input, call) {
    openKey(world, call, input, 'ListKeyPolicies');
    return page(
      input,
      'PolicyNames',
      { byDefault: 100, most: 1000 },
      [NAME],
      (name) => name,
      (name) => name,
    );
  },

  PutKeyPolicy(input, call) {
    const target = openKey(world, call, input, 'PutKeyPolicy', { context: bypassContext(input) });
    if ((optionalText(input, 'PolicyName') ?? NAME) !== NAME) throw validation('PolicyName must be default');
    const policy = text(input, 'Policy');
    assertAcceptable(world, call, target, policy, input);
    putKey(world, { ...target.row, policy });
    return {};
  },
});
