import { CustodyError } from '../base/errors.js';
import { canonicalPolicy } from '../plan/diff-policy.js';
import type { Plan } from '../plan/plan.js';
import type { Roster } from '../roster/roster.js';
import { parsePolicy } from './document.js';
import { plannedKeyPolicy } from './planned.js';
import { type ClaimResult, findingText } from './proof/docket.js';
import { interlockOfRoster, proofKeyOf } from './proof/roster.js';
import type { ProofSubject } from './proof/subject.js';
import { prove, proveRoles } from './prove.js';
import { standingOf } from './standing.js';

/** Whether KMS itself asks for a quorum before it changes a key, and why that is said. */
export interface Enforcement {
  readonly level: 'enforced' | 'advisory';
  readonly because: string;
}

/** A key's policy as KMS gave it in one Region; null where it could not be read. */
export interface LivePolicy {
  readonly region: string;
  readonly keyId: string;
  readonly policy: string | null;
}

/** The roles and the organization's policies as they were found. */
export type RolesFound = Pick<
  ProofSubject,
  'principals' | 'othersUnread' | 'serviceControlPolicies' | 'resourceControlPolicies'
>;

/** What the roles behind the interlock come to, for every key of the plan at once. */
export interface RolesStanding {
  /** The first claim that does not hold, with who breaks it; null where none was broken. */
  readonly broken: string | null;
  readonly held: readonly string[];
  /** Claims that were not told, because something could not be read. */
  readonly open: readonly string[];
}

export function advisory(because: string): Enforcement {
  return { level: 'advisory', because: because.slice(0, 400) };
}

/** As every list, screen and receipt says it: `enforced`, or `advisory: why`. */
export function enforcementText({ level, because }: Enforcement): string {
  return level === 'enforced' ? `enforced (${because})` : `advisory: ${because}`;
}

/** THE word on one key: by its live policies, and by the roles where somebody looked at them. */
export function enforcementOf(
  plan: Plan,
  roster: Roster,
  name: string,
  live: readonly LivePolicy[],
  roles: RolesStanding | null,
): Enforcement {
  const byPolicies = byKeyPolicies(plan, roster, name, live);
  if (byPolicies.level === 'advisory' || roles === null) return byPolicies;
  if (roles.broken !== null) return advisory(roles.broken);
  const seen = roles.held.length === 0 ? 'roles not read' : `roles (${roles.held.join(', ')})`;
  const open = roles.open.length === 0 || roles.held.length === 0 ? '' : `; not told: ${roles.open.join(', ')}`;
  return { level: 'enforced', because: `${byPolicies.because}; ${seen}${open}` };
}

/** The claims about the roles behind the interlock, asked once for all keys. Null without an interlock. */
export function rolesStanding(plan: Plan, roster: Roster, found: RolesFound): RolesStanding | null {
  if (!plan.interlock) return null;
  const nothing = { version: '2012-10-17', statements: [] } as const;
  const keys = Object.keys(plan.keys).map((name) =>
    proofKeyOf(plan, roster, { name, region: plan.regions.primary, keyId: '', policy: nothing, grants: 'not-asked' }),
  );
  const { claims } = proveRoles({
    account: plan.account,
    keys,
    interlock: interlockOfRoster(roster, plan),
    ...found,
  });
  const withStatus = (wanted: ClaimResult['status']) => claims.filter(({ status }) => status === wanted);
  const [broken] = withStatus('broken');
  return {
    broken: broken ? brokenText(broken) : null,
    held: withStatus('held').map(({ id }) => id),
    open: withStatus('unproven').map(({ id }) => id),
  };
}

/** By the proof over the policies of one key: one claim that is broken in one Region, and nothing is enforced. */
function byKeyPolicies(plan: Plan, roster: Roster, name: string, live: readonly LivePolicy[]): Enforcement {
  if (!plan.interlock) return advisory('interlock not installed');
  if (live.length === 0) return advisory('there is no such key');
  const unread = live.find(({ policy }) => policy === null);
  if (unread) return advisory(`its policy in ${unread.region} could not be read`);
  const open = live.find(({ policy }) => !policy?.includes('aws:PrincipalTag/custody:'));
  if (open) return advisory(`its policy in ${open.region} asks for no approval slots`);
  try {
    const broken = live.every((one) => isPlanned(plan, roster, name, one)) ? null : brokenIn(plan, roster, name, live);
    if (broken !== null) return advisory(broken);
    return { level: 'enforced', because: `key policies in ${live.map(({ region }) => region).join(', ')}` };
  } catch (cause) {
    if (cause instanceof CustodyError) return advisory(cause.message);
    throw cause;
  }
}

/** The very policy of plan and roster holds every claim; another one has to be proven, which takes longer. */
function isPlanned(plan: Plan, roster: Roster, name: string, { region, keyId, policy }: LivePolicy): boolean {
  return policy !== null && canonicalPolicy(policy) === plannedKeyPolicy(plan, roster, name, region, { keyId });
}

function brokenIn(plan: Plan, roster: Roster, name: string, live: readonly LivePolicy[]): string | null {
  const keys = live.map(({ region, keyId, policy }) =>
    proofKeyOf(plan, roster, {
      name,
      region,
      keyId,
      policy: parsePolicy(policy ?? '', `the policy of ${name} in ${region}`),
      grants: 'not-asked',
      standing: standingOf(plan, roster, { name, region, keyId, policy: policy ?? '' }),
    }),
  );
  const nobodyElse = { principals: null, serviceControlPolicies: null, resourceControlPolicies: null };
  const { claims } = prove({
    account: plan.account,
    keys,
    interlock: interlockOfRoster(roster, plan),
    ...nobodyElse,
  });
  const broken = claims.find(({ status }) => status === 'broken');
  return broken ? brokenText(broken) : null;
}

function brokenText({ id, findings: [finding] }: ClaimResult): string {
  return `${id}: ${finding ? findingText(finding) : 'broken'}`;
}
