import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { inRegion, type KeyReader, keyArnOf } from '../key/key.js';
import { diffPlan } from '../plan/diff.js';
import type { Difference, Expectations, ObservedEstate, ObservedKey } from '../plan/estate.js';
import { type Plan, regionsOf } from '../plan/plan.js';
import { planTree, type TreeNode } from '../plan/tree.js';
import { plannedKeyPolicy } from '../policy/planned.js';
import { REPOSITORY_TAG } from '../record/action-create.js';
import type { Roster } from '../roster/roster.js';
import { targetIn } from './observe-key.js';
import type { Proposal } from './open.js';
import { promotionOf, replicaOf } from './replicas.js';
import type { ResolvedKey } from './subject.js';

/**
 * Looks at every planned key in each of its Regions, found by its alias. A key or Region that cannot be read stays
 * unobserved: never taken for in order.
 */
export async function observeEstate(
  reader: KeyReader,
  plan: Plan,
  tell: (text: string) => void,
  names: readonly string[] = Object.keys(plan.keys),
): Promise<ObservedEstate> {
  const estate: Record<string, Record<string, ObservedKey | null>> = {};
  for (const region of [plan.regions.primary, ...plan.regions.replicas]) {
    const wanted = names.filter((name) => {
      const key = plan.keys[name];
      return key !== undefined && regionsOf(plan, key).includes(region);
    });
    const primaries = estate[plan.regions.primary] ?? {};
    if (wanted.length > 0) estate[region] = await observeRegion(reader, plan, region, wanted, primaries, tell);
  }
  return estate;
}

async function observeRegion(
  reader: KeyReader,
  plan: Plan,
  region: string,
  names: readonly string[],
  primaries: Readonly<Record<string, ObservedKey | null>>,
  tell: (text: string) => void,
) {
  const found: Record<string, ObservedKey | null> = {};
  const aliases = await unread(() => reader.aliases(region), `the aliases of ${region}`, tell);
  if (aliases === UNREAD) return found;
  await Promise.all(
    names.map(async (name) => {
      const key = await unread(
        () =>
          observeKey(reader, plan, region, targetIn(aliases, plan.keys[name]?.alias ?? ''), primaries[name] ?? null),
        `${name} in ${region}`,
        tell,
      );
      if (key !== UNREAD) found[name] = key;
    }),
  );
  return found;
}

const UNREAD = Symbol('unread');

async function unread<T>(
  read: () => Promise<T>,
  what: string,
  tell: (text: string) => void,
): Promise<T | typeof UNREAD> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof CustodyError) || cause.code === 'CREDENTIALS_MISSING' || cause.code === 'ENDPOINT_REFUSED')
      throw cause;
    tell(`${what}: ${cause.message}`);
    return UNREAD;
  }
}

/** A replica that somebody made without its alias is looked at too: its policy is what counts (T49). */
async function observeKey(
  reader: KeyReader,
  plan: Plan,
  region: string,
  aliasTarget: string | null,
  primary: ObservedKey | null,
): Promise<ObservedKey | null> {
  const keyId = aliasTarget ?? (primary?.description.multiRegion ? primary.description.keyId : null);
  if (keyId === null) return null;
  const arn = keyArnOf({ partition: plan.partition, region, account: plan.account, keyId });
  const [description, tags, rotationStatus, rotations, policy] = await Promise.all([
    reader.describe(region, arn),
    reader.tags(region, arn),
    // KMS gives none in some states; then the state itself is the finding.
    orNull(reader.rotationStatus(region, arn)),
    orNull(reader.rotations(region, arn)),
    reader.policy(region, arn),
  ]);
  if (description === null) return null;
  return { description, aliasTarget, tags: tags ?? {}, rotationStatus, rotations: rotations ?? [], policy };
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
export function expectationsOf(plan: Plan, roster: Roster): Expectations {
  const policies: Record<string, Record<string, string>> = {};
  for (const [name, key] of Object.entries(plan.keys)) {
    for (const region of regionsOf(plan, key)) {
      policies[region] = { ...policies[region], [name]: plannedKeyPolicy(plan, roster, name, region) };
    }
  }
  return { policies, tags: { [REPOSITORY_TAG]: roster.repository } };
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

export interface Remedies {
  readonly proposals: readonly Proposal[];
  /** Differences that no action of this version removes. */
  readonly remaining: readonly Difference[];
}

/** The requests that would bring the live keys to the plan. */
export function remediesOf(
  plan: Plan,
  roster: Roster,
  observed: ObservedEstate,
  { reason, executor }: { readonly reason: string; readonly executor: string | null },
): Remedies {
  const differences = diffPlan(plan, observed, expectationsOf(plan, roster));
  const proposals: Proposal[] = [];
  const remaining: Difference[] = [];
  const creates = new Set<string>();
  const promotions = new Set<string>();
  const how = { reason, executor };
  for (const difference of differences) {
    const { key: name, remedyAction } = difference;
    const primary = primaryOf(plan, observed, name);
    if (remedyAction === 'key.create') {
      if (!creates.has(name)) proposals.push(createProposal(plan, roster, name, reason, executor));
      creates.add(name);
    } else if (remedyAction === 'key.rotation') {
      proposals.push(rotationProposal(plan, observed, name, reason, executor));
    } else if (remedyAction === 'key.replicate' && primary) {
      proposals.push(replicaOf(plan, roster, primary, difference.region, how));
    } else if (remedyAction === 'key.promote' && primary) {
      if (!promotions.has(name)) proposals.push(promotionOf(plan, primary, plan.regions.primary, how));
      promotions.add(name);
    } else remaining.push(difference);
  }
  return { proposals: inOrder(plan, proposals), remaining };
}

/** Where a key is managed, if it is there and in a state in which KMS replicates and promotes. */
function primaryOf(plan: Plan, observed: ObservedEstate, name: string): ResolvedKey | null {
  const here = observed[plan.regions.primary]?.[name]?.description;
  const region = here?.multiRegion?.primaryRegion ?? plan.regions.primary;
  const found = observed[region]?.[name]?.description;
  if (!here || found?.state !== 'Enabled' || found.keyId !== here.keyId) return null;
  return { name, alias: plan.keys[name]?.alias ?? '', arn: found.arn, keyId: found.keyId, region };
}

/** Parents before children, so that a hierarchy grows from its root. */
function inOrder(plan: Plan, proposals: readonly Proposal[]): readonly Proposal[] {
  const order = planTree(plan).flatMap(namesBelow);
  const rank = ({ key }: Proposal) => order.indexOf(key?.name ?? '');
  return [...proposals].sort((a, b) => rank(a) - rank(b));
}

function namesBelow({ name, children }: TreeNode): readonly string[] {
  return [name, ...children.flatMap(namesBelow)];
}

function rotationProposal(
  plan: Plan,
  observed: ObservedEstate,
  name: string,
  reason: string,
  executor: string | null,
): Proposal {
  const planned = plan.keys[name];
  const live = observed[plan.regions.primary]?.[name];
  if (!planned || !live) throw new CustodyError('NOT_FOUND', `there is no key ${name} at AWS`);
  const { description } = live;
  const region = description.multiRegion?.primaryRegion ?? description.region;
  const key = { name, alias: planned.alias, arn: inRegion(description.arn, region), keyId: description.keyId };
  return {
    action: 'key.rotation',
    region,
    key,
    parameters: { periodDays: planned.rotation.periodDays },
    reason,
    executor,
  };
}
