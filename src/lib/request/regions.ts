import { CustodyError } from '../base/errors.js';
import type { KeyDescription } from '../key/key.js';
import { aliasTarget } from './observe-key.js';
import type { Proposal } from './open.js';
import { promotionOf, replicaOf } from './replicas.js';
import type { How, Place } from './rotate.js';
import { type ResolvedKey, resolvePrimary } from './subject.js';

/**
 * The request that makes a planned replica.
 * @throws CustodyError NOT_FOUND, FOREIGN_KEY · REFUSED when there is one, when its alias is taken, or for a primary that KMS
 *   does not replicate in its state
 */
export async function replicateProposal(place: Place, given: string, to: string, how: How): Promise<Proposal> {
  const { aws, state, plan } = place;
  const key = await resolvePrimary(aws.reader, plan, state.roster.repository, given);
  const primary = await multiRegionKey(place, key);
  if (primary.multiRegion?.replicaRegions.includes(to) || key.region === to) {
    throw new CustodyError('REFUSED', `${key.name} is in ${to} already`);
  }
  assertEnabled(primary);
  const taken = await aliasTarget(aws.reader, to, key.alias);
  if (taken !== null) {
    throw new CustodyError('REFUSED', `${key.alias} in ${to} belongs to another key`, { details: { target: taken } });
  }
  return replicaOf(plan, state.roster, key, to, how);
}

/**
 * The request that makes a replica the primary.
 * @throws CustodyError NOT_FOUND, FOREIGN_KEY · REFUSED unless both keys are Enabled: AWS has no way to force it
 */
export async function promoteProposal(place: Place, given: string, to: string, how: How): Promise<Proposal> {
  const { aws, state, plan } = place;
  const key = await resolvePrimary(aws.reader, plan, state.roster.repository, given);
  const primary = await multiRegionKey(place, key);
  if (key.region === to) throw new CustodyError('REFUSED', `${to} is the primary Region of ${key.name} already`);
  const replica = await aws.reader.describe(to, key.keyId);
  if (replica === null) {
    throw new CustodyError('NOT_FOUND', `there is no replica of ${key.name} in ${to}`, {
      suggestions: [`custody keys replicate ${key.name} --to ${to}`],
    });
  }
  for (const item of [primary, replica]) assertEnabled(item);
  return promotionOf(plan, key, to, how);
}

async function multiRegionKey({ aws }: Place, { name, region, arn }: ResolvedKey): Promise<KeyDescription> {
  const found = await aws.reader.describe(region, arn);
  if (found === null) throw new CustodyError('NOT_FOUND', `there is no key ${arn}`);
  if (found.multiRegion !== null) return found;
  throw new CustodyError('REFUSED', `${name} is no multi-Region key: it stays in ${region}`, {
    suggestions: ['A key is made multi-Region or never: see multiRegion in the plan.'],
  });
}

function assertEnabled({ arn, state }: KeyDescription): void {
  if (state === 'Enabled') return;
  throw new CustodyError('REFUSED', `${arn} is ${state}, it must be Enabled`, { details: { state } });
}
