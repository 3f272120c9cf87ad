import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import { inRegion } from '../key/key.js';
import type { ObservedKey } from '../plan/estate.js';
import type { Plan, PlannedKey } from '../plan/plan.js';
import { ON_DEMAND_LIMIT, onDemandLeft, rotationDue } from '../plan/rotation-due.js';
import type { KeyRef } from '../record/statement.js';
import { casesOf } from './desk.js';
import { observeEstate } from './estate.js';
import type { InForce } from './in-force.js';
import { knownKeys } from './known-keys.js';
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
 * @throws CustodyError NOT_FOUND, FOREIGN_KEY · LIMIT_EXCEEDED · INPUT_MISSING for a key of imported material, which KMS cannot rotate without
 *   new material
 */
export async function rotateProposal({ aws, state, plan }: Place, given: string, how: How): Promise<Proposal> {
  const { region, ...key } = await resolvePrimary(aws.reader, plan, state.roster.repository, given);
  if ((await aws.reader.describe(region, key.arn))?.origin === 'EXTERNAL') await assertWaiting(aws, region, key);
  await assertBudget(aws, region, key);
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

/** Said before anybody signs for what KMS would refuse. @throws CustodyError LIMIT_EXCEEDED */
async function assertBudget({ reader }: Aws, region: string, { arn, name }: KeyRef): Promise<void> {
  const rotations = (await reader.rotations(region, arn ?? '')) ?? [];
  if (onDemandLeft(rotations) > 0) return;
  throw new CustodyError(
    'LIMIT_EXCEEDED',
    `${name} has had its ${ON_DEMAND_LIMIT} rotations on demand; KMS allows no more`,
    {
      details: { limit: ON_DEMAND_LIMIT, left: 0 },
      suggestions: [`custody keys rotation ${name}: automatic rotations are not limited.`],
    },
  );
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

/** What a look at every key for due rotations came to. */
export interface Due {
  readonly proposals: readonly Proposal[];
  /** Keys that need nothing, or that nothing can be asked for, and why. */
  readonly skipped: readonly { readonly key: string; readonly because: string; readonly nextAt: Instant | null }[];
  /** Keys of imported material that are due: someone must bring new material. */
  readonly wanting: readonly string[];
  /** Keys that could not be read: nobody knows whether they are due. */
  readonly unread: readonly string[];
}

/** One request a key that is due, at its primary. */
export async function dueProposals({ ports, aws, state, plan }: Place, how: How): Promise<Due> {
  const region = plan.regions.primary;
  const { cases } = await casesOf(ports, state);
  const estate = await observeEstate(aws.reader, plan, ports.progress, { known: knownKeys(plan, cases) });
  const now = ports.clock.now();
  const due = {
    proposals: [] as Proposal[],
    skipped: [] as Due['skipped'][number][],
    wanting: [] as string[],
    unread: [] as string[],
  };
  for (const [name, planned] of Object.entries(plan.keys)) {
    const live = estate[region]?.[name];
    if (live === undefined) due.unread.push(name);
    else if (live === null) due.skipped.push({ key: name, because: 'the key does not exist yet', nextAt: null });
    else {
      const { remedyAction, because, nextAt } = rotationDue(planned, live, now);
      if (remedyAction === null) due.skipped.push({ key: name, because, nextAt });
      else if (live.description.origin === 'EXTERNAL') due.wanting.push(name);
      else due.proposals.push(dueProposal(name, planned, live, remedyAction, how));
    }
  }
  return due;
}

function dueProposal(
  name: string,
  planned: PlannedKey,
  { description }: ObservedKey,
  action: 'key.rotate' | 'key.rotation',
  how: How,
): Proposal {
  const { arn, keyId } = description;
  // A promotion may have moved its primary from the plan's primary Region.
  const region = description.multiRegion?.primaryRegion ?? description.region;
  const parameters: JsonObject = action === 'key.rotation' ? { periodDays: planned.rotation.periodDays } : {};
  return { action, region, key: { name, alias: planned.alias, arn: inRegion(arn, region), keyId }, parameters, ...how };
}
