import type { JsonObject } from '../base/canonical-json.js';
import type { Plan } from '../plan/plan.js';
import { rotationDue } from '../plan/rotation-due.js';
import type { KeyRef } from '../record/statement.js';
import { observeEstate } from './estate.js';
import type { InForce } from './in-force.js';
import type { Proposal } from './open.js';
import type { Aws, Ports } from './ports.js';
import { resolveKey } from './subject.js';

interface Place {
  readonly ports: Ports;
  readonly aws: Aws;
  readonly state: InForce;
  readonly plan: Plan;
}

export interface How {
  readonly reason: string;
  readonly executor: string | null;
}

/** The request that rotates one key now. @throws CustodyError NOT_FOUND, FOREIGN_KEY */
export async function rotateProposal({ aws, state, plan }: Place, given: string, how: How): Promise<Proposal> {
  const { region, ...key } = await resolveKey(aws.reader, plan, state.roster.repository, given);
  return { action: 'key.rotate', region, key, parameters: {}, ...how };
}

/** The request that lets KMS rotate one key by itself every so many days. @throws CustodyError NOT_FOUND, FOREIGN_KEY */
export async function rotationProposal(
  { aws, state, plan }: Place,
  given: string,
  periodDays: number | null,
  how: How,
): Promise<Proposal> {
  const { region, ...key } = await resolveKey(aws.reader, plan, state.roster.repository, given);
  const days = periodDays ?? plan.keys[key.name]?.rotation.periodDays ?? 365;
  return { action: 'key.rotation', region, key, parameters: { periodDays: days }, ...how };
}

/** One request a key that is due; keys that do not exist yet are not due. */
export async function dueProposals({ ports, aws, plan }: Place, how: How): Promise<readonly Proposal[]> {
  const region = plan.regions.primary;
  const estate = await observeEstate(aws.reader, plan, ports.progress);
  const now = ports.clock.now();
  return Object.entries(plan.keys).flatMap(([name, planned]): readonly Proposal[] => {
    const live = estate[region]?.[name];
    if (!live) return [];
    const { due, remedyAction } = rotationDue(planned, live, now);
    if (!due || remedyAction === null) return [];
    const key: KeyRef = { name, alias: planned.alias, arn: live.description.arn, keyId: live.description.keyId };
    const parameters: JsonObject = remedyAction === 'key.rotation' ? { periodDays: planned.rotation.periodDays } : {};
    return [{ action: remedyAction, region, key, parameters, ...how }];
  });
}
