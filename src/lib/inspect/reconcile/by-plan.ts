import { CYCLE_KEY } from '../../base/cycle.js';
import { isObject } from '../../base/fields.js';
import { drillRolesOf } from '../../plan/canaries.js';
import type { Plan } from '../../plan/plan.js';
import type { Roster } from '../../roster/roster.js';
import type { KeyChange } from './match.js';

/** What the plan itself lets one seat do, without a request: the root key's grants for one unwrapping (dual control). */

const UNWRAPPING = new Set(['Decrypt', 'GenerateDataKeyWithoutPlaintext']);

/** What the drill role does by itself with the key of an exercise; what was asked for about it is another's call. */
const UPKEEP = new Set(['CreateKey', 'PutKeyPolicy', 'ScheduleKeyDeletion']);

/** Whether a drill makes, or is rid of, a scratch key that a request was about. */
export function isCycleUpkeep({ event, keyName }: KeyChange, plan: Plan): boolean {
  const { name, principalArn } = event;
  return keyName === CYCLE_KEY && UPKEEP.has(name) && drillRolesOf(plan).some((arn) => arn === principalArn);
}

/** The changes that are left after those that the key policy of the plan gives to single seats, and how many these were. */
export function withoutPlanned(changes: readonly KeyChange[], plan: Plan, rosters: readonly Roster[]) {
  const grants = changes.filter((change) => isUnwrapGrant(change, plan, rosters));
  const ids = new Set(grants.map(({ event }) => event.answer.grantId).filter((id) => typeof id === 'string'));
  const ends = changes.filter(({ event: { name, parameters } }) => {
    const { grantId } = parameters;
    return name === 'RetireGrant' && typeof grantId === 'string' && ids.has(grantId);
  });
  const planned = new Set([...grants, ...ends]);
  return { left: changes.filter((change) => !planned.has(change)), planned: planned.size };
}

/** As the statements `UnwrapGrantBy…` of the policy have it: to another seat, for unwrapping, to be retired by the giver. */
function isUnwrapGrant({ event, keyName }: KeyChange, plan: Plan, rosters: readonly Roster[]): boolean {
  const { name, parameters, principalArn, sourceIdentity } = event;
  if (name !== 'CreateGrant' || plan.keys[keyName]?.dualControl !== 'grants') return false;
  const { granteePrincipal, retiringPrincipal, operations, constraints } = parameters;
  const context = isObject(constraints) ? constraints.encryptionContextEquals : null;
  const forUnwrapping = isObject(context) && context['custody:purpose'] === 'unwrap';
  const few =
    Array.isArray(operations) && operations.length > 0 && operations.every((one) => UNWRAPPING.has(String(one)));
  return rosters.some(({ custodians }) => {
    const giver = custodians.find(({ id, roleArn }) => id === sourceIdentity && roleArn === principalArn);
    const taker = custodians.find(({ roleArn }) => roleArn === granteePrincipal);
    const ofSeats = giver !== undefined && taker !== undefined && giver !== taker;
    return ofSeats && retiringPrincipal === giver.roleArn && forUnwrapping && few;
  });
}
