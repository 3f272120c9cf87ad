import { canaryUserOf } from '../plan/canaries.js';
import type { ObservedEstate } from '../plan/estate.js';
import { canaryKeyOf, makeCanary, proveCanary, storedCanaries } from './canaries.js';
import type { Canary } from './evidence.js';
import { keyIn } from './keys.js';
import type { Scene } from './ports.js';
import { type Answer, fail, open, type Probe, pass } from './probe.js';

/** Canaries of every key. @returns those that were made, for the drills to come */
export async function drillData(scene: Scene, estate: ObservedEstate, probe: Probe): Promise<readonly Canary[]> {
  const made: Canary[] = [];
  for (const name of Object.keys(scene.state.plan.plan.keys)) {
    await probe.ask(name, name, () => dataAnswer(scene, estate, name, (canary) => made.push(canary)));
  }
  return made;
}

/** A canary that was made a moment ago says nothing of what was encrypted before: only stored ones prove data. */
async function dataAnswer(
  scene: Scene,
  estate: ObservedEstate,
  name: string,
  keep: (canary: Canary) => void,
): Promise<Answer> {
  const { plan } = scene.state.plan;
  const { primary } = plan.regions;
  const { found, answer } = keyIn(estate, name, primary);
  if (answer) return answer;
  const { arn, state } = found.description;
  if (state !== 'Enabled') return fail(`${name} is ${state}: nothing of it can be decrypted`);
  if (canaryUserOf(plan, name) === null) return open(`the plan lets no role make canaries of ${name}`);
  const key = canaryKeyOf(plan, name);
  const stored = storedCanaries(scene, key, arn);
  for (const canary of stored) await proveCanary(scene.role, key, arn, canary);
  const fresh = await makeCanary(scene, key, arn, [primary]);
  const known = new Set(stored.map(({ materialId }) => materialId));
  if (stored.length === 0 || !known.has(fresh.materialId)) keep(fresh);
  if (stored.length === 0)
    return open(`no canary of ${name} was stored before; one is now, for the next drill to prove`);
  const how = key.sealed ? 'moved within KMS under their context, no value left it' : 'came back as they were';
  const current = known.has(fresh.materialId)
    ? ''
    : '; the current material is newer than they are, one of it is stored now';
  return pass(`${stored.length} stored canaries of ${known.size} materials ${how}, and a fresh one${current}`, true);
}
