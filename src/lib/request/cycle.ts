import { digestOf } from '../base/bytes.js';
import type { JsonObject } from '../base/canonical-json.js';
import { CYCLE_ALIAS, CYCLE_KEY, CYCLE_RUN } from '../base/cycle.js';
import { CustodyError } from '../base/errors.js';
import { type KeyArn, partsOf } from '../key/key.js';
import { canonicalPolicy } from '../plan/diff-policy.js';
import type { Plan } from '../plan/plan.js';
import { cyclePolicy } from '../policy/cycle.js';
import { advisory, type Enforcement } from '../policy/enforcement.js';
import { SCRATCH_TAG } from '../policy/scratch.js';
import { REPOSITORY_TAG } from '../record/action-create.js';
import type { KeyRef, RequestPredicate } from '../record/statement.js';
import type { Roster } from '../roster/roster.js';
import type { Case } from './case.js';
import type { InForce } from './in-force.js';
import { arnOf, type Observe } from './observe-key.js';
import { observeRotationSettings } from './observe-state.js';

/** Exercises: one request on a key that a drill made, of which nothing hangs. What makes it impossible on any other key. */

/** Whether a request is an exercise. */
export function isCycle({ request }: Pick<Case, 'request'>): boolean {
  return request.statement.predicate.action === 'drill.cycle';
}

/** How a request names the key of an exercise. */
export function cycleKey(arn: KeyArn): KeyRef & { readonly arn: KeyArn } {
  return { name: CYCLE_KEY, alias: CYCLE_ALIAS, arn, keyId: partsOf(arn).keyId };
}

/** Beside the state that the call changes, everything by which a scratch key is told from a key that somebody needs. */
export const observeCycle: Observe = async (reader, subject) => {
  const { region } = subject;
  const arn = arnOf(subject);
  const [rotation, description, tags, policy, aliases] = await Promise.all([
    observeRotationSettings(reader, subject),
    reader.describe(region, arn),
    reader.tags(region, arn),
    reader.policy(region, arn),
    reader.aliases(region),
  ]);
  const text = policy === null ? null : canonicalPolicy(policy);
  return {
    ...rotation,
    run: tags?.[SCRATCH_TAG] ?? null,
    repository: tags?.[REPOSITORY_TAG] ?? null,
    multiRegion: description?.multiRegion !== null,
    aliases: aliases.filter(({ keyId }) => keyId === partsOf(arn).keyId).map(({ name }) => name),
    policyDigest: text === null ? null : digestOf(text),
  };
};

/**
 * An exercise touches a key that a drill made for it, which nobody uses, and which stands under the policy that a key of the plan would
 * have: a key of the plan fails in each of these.
 * @throws CustodyError REFUSED
 */
export function assertCycle(
  { plan: { plan }, roster }: InForce,
  { key, region, preState }: Pick<RequestPredicate, 'key' | 'region' | 'preState'>,
): void {
  const faults = [
    ...(Object.hasOwn(plan.keys, CYCLE_KEY) ? [`the plan has a key ${CYCLE_KEY} of its own`] : []),
    ...(region === plan.regions.primary ? [] : [`it is not in ${plan.regions.primary}`]),
    ...(CYCLE_RUN.test(textOf(preState, 'run')) ? [] : [`it has no tag ${SCRATCH_TAG} of an exercise`]),
    ...(preState.repository === null ? [] : ['it has the tag of a key of a repository']),
    ...(Array.isArray(preState.aliases) && preState.aliases.length === 0 ? [] : ['it has an alias']),
    ...(preState.multiRegion === false ? [] : ['it has, or may get, replicas']),
    ...(preState.state === 'Enabled' ? [] : [`it is ${String(preState.state)}`]),
    ...(preState.enabled === false ? [] : ['it is rotated already']),
    ...(preState.policyDigest === digestOf(cyclePolicy(plan, roster, region, key?.keyId ?? ''))
      ? []
      : ['its key policy is not the one that plan and roster give such a key']),
  ];
  if (faults.length === 0) return;
  throw new CustodyError(
    'REFUSED',
    `drill.cycle: ${key?.arn ?? 'no key'} is no key of an exercise: ${faults.join('; ')}`,
    {
      details: { faults },
    },
  );
}

/** Whether KMS itself asked for the slots: by the very policy, for that of an exercise holds no claims about keys of the plan. */
export function cycleEnforcement(
  { plan, roster, threshold }: { readonly plan: Plan; readonly roster: Roster; readonly threshold: number },
  { arn, region, policy }: { readonly arn: KeyArn; readonly region: string; readonly policy: string | null },
): Enforcement {
  if (!plan.interlock) return advisory('interlock not installed');
  if (policy === null || canonicalPolicy(policy) !== cyclePolicy(plan, roster, region, partsOf(arn).keyId))
    return advisory('the policy of the scratch key is not the one that plan and roster give it');
  return { level: 'enforced', because: `KMS asked for the approval slots of ${threshold} custodians` };
}

function textOf(state: JsonObject, name: string): string {
  const value = state[name];
  return typeof value === 'string' ? value : '';
}
