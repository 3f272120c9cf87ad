import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { inRegion, type KeyDescription, type KeyState } from '../key/key.js';
import { isVeto } from '../record/action.js';
import { DELETION_DAYS } from '../record/action-state.js';
import { casesOf } from './desk.js';
import { deletionOf } from './destruction.js';
import type { Proposal } from './open.js';
import type { How, Place } from './rotate.js';
import { plannedSubject, resolveKey, resolvePrimary } from './subject.js';

export type StateAction = 'key.enable' | 'key.disable' | 'key.delete' | 'key.cancel-deletion';

/** In which states of a key an action means anything. AWS would refuse, or do nothing, in every other. */
const POSSIBLE: Readonly<Record<StateAction, readonly KeyState[]>> = {
  'key.enable': ['Disabled'],
  'key.disable': ['Enabled'],
  'key.delete': ['Enabled', 'Disabled', 'PendingImport'],
  'key.cancel-deletion': ['PendingDeletion', 'PendingReplicaDeletion'],
};

/**
 * The request that changes whether a key may be used or is to exist.
 * @param where the key's Region; by default the plan's primary
 * @throws CustodyError NOT_FOUND, FOREIGN_KEY · REFUSED where it would change nothing, or for a primary before its replicas
 */
export async function stateProposal(
  place: Place,
  action: StateAction,
  given: string,
  where: string | undefined,
  how: How,
): Promise<Proposal> {
  const { aws, state, plan } = place;
  const { region, ...key } = await resolveKey(aws.reader, plan, state.roster.repository, given, where);
  const description = await aws.reader.describe(region, key.arn);
  if (description === null) throw new CustodyError('NOT_FOUND', `there is no key ${key.arn}`);
  if (!(await isUnderWay(place, action, key.arn))) assertPossible(action, key.name, description);
  if (action === 'key.delete') await assertReplicasGo(aws, key.name, description);
  const parameters: JsonObject = action === 'key.delete' ? { windowDays: DELETION_DAYS } : {};
  return { action, region, key, parameters, ...how };
}

/** The request that stops KMS from rotating a key by itself. @throws CustodyError NOT_FOUND, FOREIGN_KEY, REFUSED */
export async function rotationOffProposal({ aws, state, plan }: Place, given: string, how: How): Promise<Proposal> {
  const { region, ...key } = await resolvePrimary(aws.reader, plan, state.roster.repository, given);
  const status = await aws.reader.rotationStatus(region, key.arn);
  if (status?.enabled === true) return { action: 'key.rotation-off', region, key, parameters: {}, ...how };
  throw new CustodyError('REFUSED', `automatic rotation of ${key.name} is off already`);
}

/**
 * The request that certifies the end of a key, about the deletion that stands for it in the records: its alias is gone.
 * @throws CustodyError NOT_FOUND
 */
export async function certificateProposal(
  { ports, state, plan }: Place,
  given: string,
  where: string | undefined,
  how: How,
): Promise<Proposal> {
  const region = where ?? plan.regions.primary;
  const name = plannedSubject(plan, given)?.name;
  const { cases } = await casesOf(ports, state);
  const deletion = deletionOf(cases, name === undefined ? { arn: given } : { name, region });
  if (deletion === null) {
    throw new CustodyError('NOT_FOUND', `no executed request that still stands deleted ${given} in ${region}`, {
      suggestions: ['custody keys pending --all lists every request.'],
    });
  }
  const parameters = { deletion: deletion.case.request.digest };
  return { action: 'key.confirm-destroyed', region: deletion.region, key: deletion.key, parameters, ...how };
}

/** A veto is one command: cut off after its call, it goes on with its request, though the key shows what it asks for. */
async function isUnderWay({ ports, state }: Place, action: StateAction, arn: string): Promise<boolean> {
  if (!isVeto(action)) return false;
  const { cases } = await casesOf(ports, state);
  return cases.some(({ request, verdict }) => {
    const said = request.statement.predicate;
    return verdict.state === 'executing' && said.action === action && said.key?.arn === arn;
  });
}

function assertPossible(action: StateAction, name: string, { state, region, deletionAt }: KeyDescription): void {
  if (POSSIBLE[action].includes(state)) return;
  const until = deletionAt === null ? '' : `, until ${deletionAt}`;
  throw new CustodyError('REFUSED', `${name} in ${region} is ${state}${until}: ${action} would change nothing`, {
    details: { state, expected: POSSIBLE[action] },
  });
}

/**
 * KMS would let a primary wait for replicas that nobody deletes: unusable at once, and never gone.
 * @throws CustodyError REFUSED
 */
async function assertReplicasGo(
  { reader }: Place['aws'],
  name: string,
  { arn, multiRegion }: KeyDescription,
): Promise<void> {
  if (multiRegion?.type !== 'PRIMARY') return;
  const replicas = await Promise.all(
    multiRegion.replicaRegions.map(async (region) => ({
      region,
      state: (await reader.describe(region, inRegion(arn, region)))?.state ?? null,
    })),
  );
  const staying = replicas.filter(({ state }) => state !== 'PendingDeletion' && state !== null);
  if (staying.length === 0) return;
  throw new CustodyError(
    'REFUSED',
    `replicas first: ${name} has one in ${staying.map(({ region }) => region).join(', ')}`,
    {
      details: { replicas: staying },
      suggestions: [
        ...staying.map(({ region }) => `custody keys delete ${name} --in ${region}`),
        'Then the primary: it waits as PendingReplicaDeletion until the last replica is gone, and its own 30 days begin.',
      ],
    },
  );
}
