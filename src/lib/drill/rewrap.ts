import { decodeBase64 } from '../base/bytes.js';
import { CANARY_CONTEXT } from '../base/canary.js';
import { canaryUserOf } from '../plan/canaries.js';
import type { ObservedEstate } from '../plan/estate.js';
import { canaryKeyOf, storedCanaries } from './canaries.js';
import { keyIn } from './keys.js';
import type { Scene } from './ports.js';
import { type Answer, fail, none, open, type Probe, pass } from './probe.js';

/** Data keys that are stored under a key which wraps: 32 random bytes, as a canary is. */
export async function drillRewrap(scene: Scene, estate: ObservedEstate, probe: Probe): Promise<void> {
  const { plan } = scene.state.plan;
  for (const name of Object.keys(plan.keys)) await probe.ask(name, name, () => rewrapAnswer(scene, estate, name));
}

/** Moved to the current material, and what came of it moved once more: only a blob that KMS can open can be moved. */
async function rewrapAnswer(scene: Scene, estate: ObservedEstate, name: string): Promise<Answer> {
  const { plan } = scene.state.plan;
  const user = canaryUserOf(plan, name);
  if (user === null) return open(`the plan lets no role make canaries of ${name}`);
  if (!user.may.includes('re-encrypt'))
    return none(`${name} wraps no data keys for the drill role to move: it may decrypt, and that drill is data`);
  const { found, answer } = keyIn(estate, name, plan.regions.primary);
  if (answer) return answer;
  const { arn } = found.description;
  const stored = storedCanaries(scene, canaryKeyOf(plan, name), arn);
  if (stored.length === 0) return open(`no canary of ${name} was stored before; the drill of data stores one`);
  const context = { [CANARY_CONTEXT]: name };
  const keys = { from: arn, to: arn };
  const { reEncryptor } = scene.role;
  const reached = new Set<string | null>();
  for (const { ciphertext } of stored) {
    const first = await reEncryptor.reEncrypt(keys, decodeBase64(ciphertext) ?? new Uint8Array(), context);
    const second = await reEncryptor.reEncrypt(keys, first.ciphertext, context);
    if (second.sourceMaterialId !== first.materialId)
      return fail(`what was moved within ${name} is under other material`);
    reached.add(second.materialId);
  }
  if (reached.size > 1) return fail(`${name} moved its blobs to ${reached.size} materials`);
  return pass(
    `${stored.length} blobs of 32 bytes were moved to the current material of ${name}, and from there again`,
    true,
  );
}
