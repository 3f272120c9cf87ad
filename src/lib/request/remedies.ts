import type { JsonObject } from '../base/canonical-json.js';
import { keyArnOf } from '../key/key.js';
import { diffPlan } from '../plan/diff.js';
import type { Difference, ObservedEstate, ObservedKey, RemedyAction } from '../plan/estate.js';
import type { Plan, PlannedKey } from '../plan/plan.js';
import { planTree, type TreeNode } from '../plan/tree.js';
import { plannedKeyPolicy } from '../policy/planned.js';
import { isVeto } from '../record/action.js';
import type { ActionName } from '../record/action-names.js';
import type { Roster } from '../roster/roster.js';
import type { Decided } from './decided.js';
import { createProposal, expectationsOf } from './estate.js';
import type { Proposal } from './open.js';
import { promotionOf, replicaOf } from './replicas.js';
import type { How } from './rotate.js';
import type { ResolvedKey } from './subject.js';

export interface Remedies {
  readonly proposals: readonly Proposal[];
  /** Differences that no action of this version removes. */
  readonly remaining: readonly Difference[];
}

/** A key that differs from the plan in one Region. */
interface Differing {
  readonly plan: Plan;
  readonly roster: Roster;
  readonly name: string;
  readonly region: string;
  readonly planned: PlannedKey;
  readonly live: ObservedKey;
}

type Remedy = (differing: Differing) => JsonObject;

/** THE table of what `keys apply` asks for, by the action that removes a difference: the parameters of its request. */
const REMEDIES = {
  'key.enable': () => ({}),
  'key.cancel-deletion': () => ({}),
  'key.policy': ({ plan, roster, name, region }) => ({ policy: plannedKeyPolicy(plan, roster, name, region) }),
  'key.alias-create': ({ planned }) => ({ alias: planned.alias }),
  'key.tag': ({ planned, live }) => ({
    tags: Object.entries(planned.tags)
      .filter(([name, value]) => live.tags[name] !== value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
  }),
  'key.untag': ({ planned, live }) => ({
    tagKeys: Object.keys(live.tags)
      .filter((name) => !Object.hasOwn(planned.tags, name) && !/^(?:custody|aws):/i.test(name))
      .sort(),
  }),
} as const satisfies Readonly<Partial<Record<RemedyAction & ActionName, Remedy>>>;

function hasRemedy(action: RemedyAction): action is keyof typeof REMEDIES {
  return Object.hasOwn(REMEDIES, action);
}

/**
 * The requests that would bring the live keys to the plan.
 * @param decided what a quorum decided, and nobody has taken back: that is no drift
 */
export function remediesOf(plan: Plan, roster: Roster, observed: ObservedEstate, decided: Decided, how: How): Remedies {
  const proposals = new Map<string, Proposal>();
  const remaining: Difference[] = [];
  for (const difference of diffPlan(plan, observed, expectationsOf(plan, roster, decided.moves))) {
    const proposal = remedyOf(plan, roster, observed, difference, how);
    if (proposal === null || decided.deletions.has(aboutOf(proposal))) remaining.push(difference);
    // One request removes all differences of its kind: several tags, a key and its replicas.
    else proposals.set(`${proposal.action} ${proposal.region} ${difference.key}`, proposal);
  }
  return { proposals: inOrder(plan, [...proposals.values()]), remaining };
}

/** The key that a proposal is for: of a name that stands for another key, the one that it goes back to. */
function aboutOf({ action, key, parameters }: Proposal): string {
  return action === 'key.alias-move' ? String(parameters.to) : (key?.arn ?? '');
}

function remedyOf(
  plan: Plan,
  roster: Roster,
  observed: ObservedEstate,
  { key: name, region, remedyAction: action }: Difference,
  how: How,
): Proposal | null {
  if (action === undefined) return null;
  if (action === 'key.create') return createProposal(plan, roster, name, how.reason, how.executor);
  if (isAtPrimary(action)) return atPrimary(plan, roster, observed, { key: name, region }, action, how);
  const [planned, live] = [plan.keys[name], observed[region]?.[name]];
  if (!planned || !live) return null;
  if (action === 'key.alias-move') return aliasBack({ plan, roster, name, region, planned, live }, how);
  if (!hasRemedy(action)) return null;
  const { arn, keyId } = live.description;
  const remedy: Remedy = REMEDIES[action];
  const parameters = remedy({ plan, roster, name, region, planned, live });
  return {
    action,
    region,
    key: { name, alias: planned.alias, arn, keyId },
    parameters,
    ...how,
    executor: isVeto(action) ? null : how.executor,
  };
}

/** The plan's name stands for another key: the request is about that one, which the name leaves again. */
function aliasBack({ plan, name, region, planned, live }: Differing, how: How): Proposal | null {
  const { aliasTarget: keyId, description } = live;
  if (keyId === null) return null;
  const arn = keyArnOf({ partition: plan.partition, account: plan.account, region, keyId });
  const parameters = { alias: planned.alias, to: description.arn };
  return { action: 'key.alias-move', region, key: { name, alias: planned.alias, arn, keyId }, parameters, ...how };
}

type AtPrimary = 'key.replicate' | 'key.promote' | 'key.rotation' | 'key.rotation-off';

function isAtPrimary(action: RemedyAction): action is AtPrimary {
  return ['key.replicate', 'key.promote', 'key.rotation', 'key.rotation-off'].includes(action);
}

/** What is asked where the key is managed, in a state in which KMS does it: a promotion may have moved its primary. */
function atPrimary(
  plan: Plan,
  roster: Roster,
  observed: ObservedEstate,
  { key: name, region }: Pick<Difference, 'key' | 'region'>,
  action: AtPrimary,
  how: How,
): Proposal | null {
  const planned = plan.keys[name];
  const primary = primaryOf(plan, observed, name);
  if (!planned || !primary) return null;
  if (action === 'key.replicate') return replicaOf(plan, roster, primary, region, how);
  if (action === 'key.promote') return promotionOf(plan, primary, plan.regions.primary, how);
  const { region: home, ...key } = primary;
  const parameters: JsonObject = action === 'key.rotation' ? { periodDays: planned.rotation.periodDays } : {};
  return { action, region: home, key, parameters, ...how };
}

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
