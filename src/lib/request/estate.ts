import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError, type ErrorCode } from '../base/errors.js';
import { type KeyAlias, type KeyDescription, type KeyReader, keyArnOf } from '../key/key.js';
import type { Expectations, ObservedEstate, ObservedKey } from '../plan/estate.js';
import { type Plan, type PlannedKey, regionsOf } from '../plan/plan.js';
import { plannedKeyPolicy } from '../policy/planned.js';
import { REPOSITORY_TAG } from '../record/action-create.js';
import type { Roster } from '../roster/roster.js';
import { targetIn } from './observe-key.js';
import type { Proposal } from './open.js';

/** Key ids by plan name, as records know them: by these a key is found whose alias is gone, or stands for another one. */
export type KnownKeys = ReadonlyMap<string, string>;

/** Which keys to look for. */
export interface Looking {
  /** By default every key of the plan. */
  readonly names?: readonly string[];
  readonly known?: KnownKeys;
}

/**
 * Looks at every planned key in each of its Regions, found by what is known, else by its alias. A key or Region that cannot
 * be read stays unobserved: never taken for in order.
 */
export async function observeEstate(
  reader: KeyReader,
  plan: Plan,
  tell: (text: string) => void,
  { names = Object.keys(plan.keys), known = new Map() }: Looking = {},
): Promise<ObservedEstate> {
  const estate: Record<string, Record<string, ObservedKey | null>> = {};
  for (const region of [plan.regions.primary, ...plan.regions.replicas]) {
    const wanted = names.filter((name) => {
      const key = plan.keys[name];
      return key !== undefined && regionsOf(plan, key).includes(region);
    });
    const ids = new Map([...known, ...primaryIds(plan, estate)]);
    if (wanted.length > 0) estate[region] = await observeRegion({ reader, plan, region, tell }, wanted, ids);
  }
  return estate;
}

/** A replica has its primary's key id. */
function primaryIds(plan: Plan, estate: ObservedEstate): KnownKeys {
  const found = Object.entries(estate[plan.regions.primary] ?? {});
  return new Map(
    found.flatMap(([name, key]) => (key?.description.multiRegion ? [[name, key.description.keyId] as const] : [])),
  );
}

interface Place {
  readonly reader: KeyReader;
  readonly plan: Plan;
  readonly region: string;
  readonly tell: (text: string) => void;
}

async function observeRegion(place: Place, names: readonly string[], known: KnownKeys) {
  const { reader, plan, region, tell } = place;
  const found: Record<string, ObservedKey | null> = {};
  const aliases = await unread(() => reader.aliases(region), `the aliases of ${region}`, tell);
  if (aliases === UNREAD) return found;
  await Promise.all(
    names.map(async (name) => {
      const key = await unread(
        () => observeKey(place, plan.keys[name], aliases, known.get(name) ?? null),
        `${name} in ${region}`,
        tell,
      );
      if (key !== UNREAD) found[name] = key;
    }),
  );
  return found;
}

const UNREAD = Symbol('unread');
/** With these every read fails alike, and a list of unread keys would say that there is an account to look at. */
const NOTHING_IS_READ: ReadonlySet<ErrorCode> = new Set(['CREDENTIALS_MISSING', 'ENDPOINT_REFUSED', 'GUARD_BROKEN']);

async function unread<T>(
  read: () => Promise<T>,
  what: string,
  tell: (text: string) => void,
): Promise<T | typeof UNREAD> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof CustodyError) || NOTHING_IS_READ.has(cause.code)) throw cause;
    tell(`${what}: ${cause.message}`);
    return UNREAD;
  }
}

/**
 * A replica that somebody made without its alias is looked at too: its policy is what counts (T49). What is known goes before
 * the alias, which anyone who may update it can point to another key (T5).
 */
async function observeKey(
  { reader, plan, region }: Place,
  planned: PlannedKey | undefined,
  aliases: readonly KeyAlias[],
  knownId: string | null,
): Promise<ObservedKey | null> {
  const aliasTarget = targetIn(aliases, planned?.alias ?? '');
  const place = { reader, plan, region };
  const known = knownId === null || knownId === aliasTarget ? null : await describeKnown(place, knownId);
  const description = known ?? (aliasTarget === null ? null : await reader.describe(region, arnIn(place, aliasTarget)));
  if (description === null) return null;
  const { arn } = description;
  const [tags, rotationStatus, rotations, policy] = await Promise.all([
    reader.tags(region, arn),
    // KMS gives none in some states; then the state itself is the finding.
    orNull(reader.rotationStatus(region, arn)),
    orNull(reader.rotations(region, arn)),
    reader.policy(region, arn),
  ]);
  return { description, aliasTarget, tags: tags ?? {}, rotationStatus, rotations: rotations ?? [], policy };
}

type Spot = Pick<Place, 'reader' | 'plan' | 'region'>;

function arnIn({ plan: { partition, account }, region }: Spot, keyId: string) {
  return keyArnOf({ partition, region, account, keyId });
}

/** Without its alias and on its way out it is the plan's key no more; for one that is gone, KMS may say that it is denied. */
async function describeKnown(spot: Spot, keyId: string): Promise<KeyDescription | null> {
  const { reader, region } = spot;
  try {
    const found = await reader.describe(region, arnIn(spot, keyId));
    return found === null || isLeaving(found) ? null : found;
  } catch (cause) {
    if (!(cause instanceof CustodyError) || cause.code !== 'DENIED') throw cause;
    if ((await reader.keyIds(region)).includes(keyId)) throw cause;
    return null;
  }
}

function isLeaving({ state }: KeyDescription): boolean {
  return state === 'PendingDeletion' || state === 'PendingReplicaDeletion';
}

async function orNull<T>(reading: Promise<T | null>): Promise<T | null> {
  try {
    return await reading;
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'REFUSED') return null;
    throw cause;
  }
}

/** What live keys are compared with: policies as they would be written today, and this repository's tag. */
export function expectationsOf(
  plan: Plan,
  roster: Roster,
  observed: ObservedEstate,
  moves: Expectations['moves'],
): Expectations {
  const policies: Record<string, Record<string, string>> = {};
  for (const [name, key] of Object.entries(plan.keys)) {
    for (const region of regionsOf(plan, key)) {
      const keyId = observed[region]?.[name]?.description.keyId ?? null;
      policies[region] = { ...policies[region], [name]: plannedKeyPolicy(plan, roster, name, region, { keyId }) };
    }
  }
  return { policies, tags: { [REPOSITORY_TAG]: roster.repository }, moves };
}

/** The request that makes a planned key with its alias, rotation and replicas. */
export function createProposal(
  plan: Plan,
  roster: Roster,
  name: string,
  reason: string,
  executor: string | null,
): Proposal {
  const key = plan.keys[name];
  if (!key) throw new CustodyError('NOT_FOUND', `the plan has no key ${name}`);
  const region = plan.regions.primary;
  const automatic = key.origin === 'AWS_KMS' && key.rotation.automatic;
  const parameters = {
    description: key.purpose,
    origin: key.origin,
    multiRegion: key.multiRegion,
    policy: plannedKeyPolicy(plan, roster, name, region),
    tags: Object.entries(key.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
    rotationPeriodDays: automatic ? key.rotation.periodDays : null,
    // KMS replicates no key that waits for its material; then replicas are requests of their own.
    replicas: (key.origin === 'EXTERNAL' ? [] : key.replicas).map((where) => ({
      region: where,
      policy: plannedKeyPolicy(plan, roster, name, where),
    })),
  } satisfies JsonObject;
  return {
    action: 'key.create',
    region,
    key: { name, alias: key.alias, arn: null, keyId: null },
    parameters,
    reason,
    executor,
  };
}
