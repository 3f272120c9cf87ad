import { CustodyError } from '../base/errors.js';
import { inRegion } from '../key/key.js';
import { canaryUserOf } from '../plan/canaries.js';
import type { ObservedEstate, ObservedKey } from '../plan/estate.js';
import { regionsOf } from '../plan/plan.js';
import { differenceOf, type PolicyDifference } from '../policy/difference.js';
import { plannedKeyPolicy } from '../policy/planned.js';
import { canaryKeyOf, makeCanary, proveCanary, storedCanaries } from './canaries.js';
import { keyIn } from './keys.js';
import type { Scene } from './ports.js';
import { type Answer, fail, open, type Probe, pass } from './probe.js';

/**
 * Each Region, and each replica there: its state, its policy, and data both ways.
 * @returns checks that have named another policy than the planned one: a loss is named once
 */
export async function drillRegions(scene: Scene, estate: ObservedEstate, probe: Probe): Promise<ReadonlySet<string>> {
  const odd = new Set<string>();
  const { plan } = scene.state.plan;
  const { primary, replicas } = plan.regions;
  for (const region of [primary, ...replicas]) {
    await probe.ask(region, null, () => reachableAnswer(scene, region));
  }
  for (const [name, key] of Object.entries(plan.keys)) {
    for (const region of regionsOf(plan, key).slice(1)) {
      await probe.ask(`${name}.${region}`, name, () =>
        replicaAnswer(scene, estate, name, region, () => odd.add(replicaCheck(name, region))),
      );
      await probe.ask(`${name}.${region}.failover`, name, () => failoverAnswer(scene, estate, name, region));
      await probe.ask(`${name}.${region}.both-ways`, name, () => bothWaysAnswer(scene, estate, name, region));
    }
  }
  return odd;
}

/** The id of what is said of a replica. */
export function replicaCheck(name: string, region: string): string {
  return `regions.${name}.${region}`;
}

/** A Region that does not answer is a loss, not an open question. */
async function reachableAnswer({ aws }: Scene, region: string): Promise<Answer> {
  try {
    await aws.reader.aliases(region);
    return pass(`KMS answers in ${region}`);
  } catch (cause) {
    if (cause instanceof CustodyError && (cause.code === 'UNAVAILABLE' || cause.code === 'TIMEOUT'))
      return fail(`KMS in ${region} cannot be reached`);
    throw cause;
  }
}

function replicaAnswer(
  { state }: Scene,
  estate: ObservedEstate,
  name: string,
  region: string,
  isOdd: () => void,
): Answer {
  const { found, answer } = keyIn(estate, name, region);
  if (answer) return answer;
  const { description } = found;
  const { primary } = state.plan.plan.regions;
  if (description.state !== 'Enabled') return fail(`${name} in ${region} is ${description.state}`);
  if (description.multiRegion?.type !== 'REPLICA') return fail(`${name} in ${region} is no replica`);
  if (description.multiRegion.primaryRegion !== primary)
    return fail(`the primary of ${name} is in ${description.multiRegion.primaryRegion}, not in ${primary}`);
  const answered = policyAnswer(state, name, region, found);
  if (answered.status === 'fail') isOdd();
  return answered;
}

function policyAnswer(
  { plan: { plan }, roster }: Scene['state'],
  name: string,
  region: string,
  found: ObservedKey,
): Answer {
  const { description, policy } = found;
  if (policy === null) return open(`the policy of ${name} in ${region} could not be read`);
  const planned = plannedKeyPolicy(plan, roster, name, region, { keyId: description.keyId });
  const [first, ...more] = differenceOf(planned, policy, { account: plan.account, region, keyArn: description.arn });
  if (first)
    return fail(`the policy of ${name} in ${region} is not the planned one: ${differenceText(first, more.length)}`);
  return pass(`${name} in ${region} is an enabled replica under the planned policy`);
}

/** Who can do what by it, in a line. */
export function differenceText({ principal, gains, loses }: PolicyDifference, more: number): string {
  const some = (names: readonly string[]) => `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
  const parts = [
    ...(gains.length > 0 ? [`gains ${some(gains)}`] : []),
    ...(loses.length > 0 ? [`loses ${some(loses)}`] : []),
    ...(gains.length + loses.length === 0 ? ['has other conditions'] : []),
  ];
  return `${principal} ${parts.join(' and ')}${more > 0 ? `; and ${more} more` : ''}`;
}

/** The replica alone, without a word to the primary: what was stored before comes back there. Nothing is promoted. */
async function failoverAnswer(scene: Scene, estate: ObservedEstate, name: string, region: string): Promise<Answer> {
  const { plan } = scene.state.plan;
  const { found, answer } = keyIn(estate, name, region);
  if (answer) return open(`${name} in ${region} could not be used`);
  if (canaryUserOf(plan, name) === null) return open(`the plan lets no role make canaries of ${name}`);
  if (found.description.state !== 'Enabled') return open(`${name} in ${region} is ${found.description.state}`);
  const key = canaryKeyOf(plan, name);
  const there = found.description.arn;
  const stored = storedCanaries(scene, key, inRegion(there, plan.regions.primary));
  if (stored.length === 0) return open(`no canary of ${name} was stored before; the drill of data stores one`);
  for (const canary of stored) await proveCanary(scene.role, key, there, canary);
  return pass(`${stored.length} canaries that ${plan.regions.primary} made came back in ${region} alone`, true);
}

async function bothWaysAnswer(scene: Scene, estate: ObservedEstate, name: string, region: string): Promise<Answer> {
  const { plan } = scene.state.plan;
  const { primary } = plan.regions;
  const both = [primary, region].map((one) => keyIn(estate, name, one).found?.description);
  const away = both.find((one) => one?.state !== 'Enabled');
  const [first, second] = both;
  if (!first || !second || away) return open(`${name} is not enabled in both Regions`);
  if (canaryUserOf(plan, name) === null) return open(`the plan lets no role make canaries of ${name}`);
  const key = canaryKeyOf(plan, name);
  await makeCanary(scene, key, first.arn, [region]);
  await makeCanary(scene, key, second.arn, [primary]);
  // Made a moment ago, they say nothing of data that was there before.
  return pass(`what ${primary} encrypts comes back in ${region}, and the reverse`);
}
