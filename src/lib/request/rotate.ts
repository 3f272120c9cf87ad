import { CustodyError } from '../base/errors.js';
import { inRegion } from '../key/key.js';
import type { ObservedKey } from '../plan/estate.js';
import type { Plan, PlannedKey } from '../plan/plan.js';
import { rotationDue } from '../plan/rotation-due.js';
import type { KeyRef } from '../record/statement.js';
import { observeEstate } from './estate.js';
import type { InForce } from './in-force.js';
import type { Proposal } from './open.js';
import type { Aws, Ports } from './ports.js';
import { resolvePrimary } from './subject.js';

/** Where a proposal is made: what is in force, and AWS. */
export interface Place {
  readonly ports: Ports;
  readonly aws: Aws;
  readonly state: InForce;
  readonly plan: Plan;
}

/** What every opener says of its request. */
export interface How {
  readonly reason: string;
  readonly executor: string | null;
}

/**
 * The request that rotates one key now, at its primary.
 * @throws CustodyError NOT_FOUND, FOREIGN_KEY · INPUT_MISSING for a key of imported material, which KMS cannot rotate without
 *   new material
 */
export async function rotateProposal({ aws, state, plan }: Place, given: string, how: How): Promise<Proposal> {
  const { region, ...key } = await resolvePrimary(aws.reader, plan, state.roster.repository, given);
  if ((await aws.reader.describe(region, key.arn))?.origin === 'EXTERNAL') await assertWaiting(aws, region, key);
  return { action: 'key.rotate', region, key, parameters: {}, ...how };
}

/** Material that an earlier import left waiting everywhere can be rotated to as it is. */
async function assertWaiting({ reader }: Aws, region: string, key: KeyRef): Promise<void> {
  const listed = (await reader.materials(region, key.arn ?? '')) ?? [];
  if (!listed.some(({ state }) => state === 'PENDING_ROTATION')) throw wantsMaterial(key.name);
}

/** What a person must bring to rotate a key of imported material. */
export function wantsMaterial(name: string): CustodyError {
  return new CustodyError('INPUT_MISSING', `${name} has imported key material: rotating it takes new material`, {
    suggestions: [
      `Give the 32 bytes: custody keys rotate ${name} --material-fd 3 --never-expires 3< FILE; they are needed again to execute.`,
      'Or its commitment, where another machine has the material: --commitment sha256:….',
    ],
  });
}

/** The request that lets KMS rotate one key by itself every so many days. @throws CustodyError NOT_FOUND, FOREIGN_KEY */
export async function rotationProposal(
  { aws, state, plan }: Place,
  given: string,
  periodDays: number | null,
  how: How,
): Promise<Proposal> {
  const { region, ...key } = await resolvePrimary(aws.reader, plan, state.roster.repository, given);
  const days = periodDays ?? plan.keys[key.name]?.rotation.periodDays ?? 365;
  return { action: 'key.rotation', region, key, parameters: { periodDays: days }, ...how };
}

export interface DueKeys {
  readonly proposals: readonly Proposal[];
  /** Keys of imported material that are due: someone must bring new material. */
  readonly wanting: readonly string[];
}

/** One request a key that is due, at its primary; keys that do not exist yet are not due. */
export async function dueProposals({ ports, aws, plan }: Place, how: How): Promise<DueKeys> {
  const estate = await observeEstate(aws.reader, plan, ports.progress);
  const now = ports.clock.now();
  const proposals: Proposal[] = [];
  const wanting: string[] = [];
  for (const [name, planned] of Object.entries(plan.keys)) {
    const live = estate[plan.regions.primary]?.[name];
    if (!live) continue;
    const { due, remedyAction } = rotationDue(planned, live, now);
    if (!due || remedyAction === null) continue;
    if (live.description.origin === 'EXTERNAL') wanting.push(name);
    else
      proposals.push({
        action: remedyAction,
        ...primaryOf(live, name, planned.alias),
        ...parametersOf(remedyAction, planned),
        ...how,
      });
  }
  return { proposals, wanting };
}

function primaryOf({ description }: ObservedKey, name: string, alias: string): Pick<Proposal, 'region' | 'key'> {
  const region = description.multiRegion?.primaryRegion ?? description.region;
  return { region, key: { name, alias, arn: inRegion(description.arn, region), keyId: description.keyId } };
}

function parametersOf(action: 'key.rotate' | 'key.rotation', { rotation }: PlannedKey): Pick<Proposal, 'parameters'> {
  return { parameters: action === 'key.rotation' ? { periodDays: rotation.periodDays } : {} };
}
