import type { KeyAlias, KeyReader } from '../key/key.js';
import { type Plan, regionsOf } from '../plan/plan.js';
import type { KnownKeys } from '../request/estate.js';
import { orGap } from './gap.js';
import type { Gap, RegionInventory } from './manifest.js';

/** What a backup is to hold: the keys of the plan, or every customer key of these Regions. */
export interface Scope {
  readonly kind: 'plan' | 'all';
  readonly plan: Plan;
  /** Key ids by plan name, as the records know them. */
  readonly known: KnownKeys;
  /** Regions to read; what plan and keys tell of beyond them is listed as uncovered. */
  readonly regions: readonly string[];
}

/** The keys of one Region that belong into the backup. */
export interface Found {
  readonly region: string;
  readonly keyIds: readonly string[];
  /** Names by key id. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  readonly inventory: Omit<RegionInventory, 'exported'>;
}

/** Looks for keys, the plan's primary Region first: a replica has its primary's key id, whatever its names are. */
export async function findKeys(reader: KeyReader, scope: Scope, gaps: Gap[]): Promise<readonly Found[]> {
  const { primary } = scope.plan.regions;
  const ids = new Map(scope.known);
  const found: Found[] = [];
  const look = async (region: string) => {
    const one = await findIn(reader, scope, region, ids, gaps);
    found.push(one);
  };
  if (scope.regions.includes(primary)) await look(primary);
  await Promise.all(scope.regions.filter((region) => region !== primary).map(look));
  return found.sort((a, b) => (a.region < b.region ? -1 : 1));
}

async function findIn(
  reader: KeyReader,
  scope: Scope,
  region: string,
  ids: Map<string, string>,
  gaps: Gap[],
): Promise<Found> {
  const where = (part: string) => ({ region, subject: null, part });
  const [listed, aliases] = await Promise.all([
    orGap(gaps, where('keys'), () => reader.keyIds(region)),
    orGap(gaps, where('aliases'), () => reader.aliases(region)),
  ]);
  const names = namesById(aliases ?? []);
  const managed = new Set((listed ?? []).filter((id) => names.get(id)?.some(isAwsName)));
  const wanted = Object.entries(scope.plan.keys).filter(([, key]) => regionsOf(scope.plan, key).includes(region));
  const present = scope.kind === 'all' ? (listed ?? []).filter((id) => !managed.has(id)) : [];
  const complete = listed !== undefined && aliases !== undefined;
  const resolved = complete ? planned(scope, region, listed, aliases, ids, gaps) : [];
  const keyIds = [...new Set([...present, ...resolved])].sort();
  const missing = complete
    ? wanted.length - wanted.filter(([name]) => resolved.includes(ids.get(name) ?? '')).length
    : wanted.length;
  return {
    region,
    keyIds,
    aliases: names,
    inventory: {
      region,
      listed: complete ? listed.length : null,
      awsManaged: complete ? managed.size : null,
      inScope: keyIds.length + missing,
    },
  };
}

/** By the records, by the plan's alias, or by the key id of the primary; one that is nowhere is a gap. */
function planned(
  { plan }: Scope,
  region: string,
  listed: readonly string[],
  aliases: readonly KeyAlias[],
  ids: Map<string, string>,
  gaps: Gap[],
): readonly string[] {
  const there = new Set(listed);
  const found: string[] = [];
  for (const [name, key] of Object.entries(plan.keys)) {
    const target = aliases.find((alias) => alias.name === key.alias)?.keyId;
    const id = [ids.get(name), target].find((one) => one !== undefined && there.has(one));
    if (id !== undefined) {
      found.push(id);
      // Where the records know nothing, the primary Region's name decides for the others.
      if (!ids.has(name) || region === plan.regions.primary) ids.set(name, id);
    } else if (regionsOf(plan, key).includes(region))
      gaps.push({ region, subject: name, part: 'key', code: 'NOT_FOUND' });
  }
  return found;
}

const isAwsName = (name: string) => name.startsWith('alias/aws/');

function namesById(aliases: readonly KeyAlias[]): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const { name, keyId } of aliases) names.set(keyId, [...(names.get(keyId) ?? []), name]);
  for (const list of names.values()) list.sort();
  return names;
}
