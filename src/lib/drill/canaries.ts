import { decodeBase64, encodeBase64 } from '../base/bytes.js';
import { CANARY_CONTEXT } from '../base/canary.js';
import { CustodyError } from '../base/errors.js';
import { inRegion, type KeyArn } from '../key/key.js';
import type { Plan } from '../plan/plan.js';
import type { Canary } from './evidence.js';
import type { DrillRole, Scene } from './ports.js';

/** What canaries of one key have to be. */
export interface CanaryKey {
  readonly name: string;
  /** Nobody may decrypt with it: its canaries are moved from the key to itself, and no value leaves KMS. */
  readonly sealed: boolean;
}

export function canaryKeyOf(plan: Plan, name: string): CanaryKey {
  return { name, sealed: plan.keys[name]?.dualControl === 'grants' };
}

const contextOf = ({ name }: CanaryKey) => ({ [CANARY_CONTEXT]: name });

/** Canaries of this very key that earlier drills have signed, oldest first. */
export function storedCanaries(
  { history }: Pick<Scene, 'history'>,
  { name }: CanaryKey,
  arn: KeyArn,
): readonly Canary[] {
  return history.flatMap(({ said }) => said.canaries).filter((one) => one.key === name && one.arn === arn);
}

/**
 * Brings a canary back, where it was made or in another Region.
 * @returns the material under which it was encrypted; null where AWS does not say
 * @throws CustodyError REFUSED when it is another value · what KMS says
 */
export async function proveCanary(
  { canaries, reEncryptor }: DrillRole,
  key: CanaryKey,
  arn: KeyArn,
  { ciphertext, digest, madeAt }: Pick<Canary, 'ciphertext' | 'digest' | 'madeAt'>,
): Promise<string | null> {
  const bytes = decodeBase64(ciphertext) ?? new Uint8Array();
  if (key.sealed) return (await reEncryptor.reEncrypt({ from: arn, to: arn }, bytes, contextOf(key))).sourceMaterialId;
  const found = await canaries.open(arn, bytes, contextOf(key));
  if (found.digest === digest) return found.materialId;
  throw new CustodyError('REFUSED', `the canary of ${madeAt} came back as another value than was encrypted`, {
    details: { expected: digest, found: found.digest },
  });
}

/** Makes a canary and brings it back at once, in each of `regions`. */
export async function makeCanary(
  { ports, role }: Scene,
  key: CanaryKey,
  arn: KeyArn,
  regions: readonly string[],
): Promise<Canary> {
  const { ciphertext, digest } = await role.canaries.make(arn, contextOf(key));
  const made = { key: key.name, arn, ciphertext: encodeBase64(ciphertext), digest, madeAt: ports.clock.now() };
  let materialId: string | null = null;
  for (const region of regions) materialId = await proveCanary(role, key, inRegion(arn, region), made);
  return { ...made, materialId };
}
