import { CustodyError } from '../base/errors.js';
import { canonicalPolicy } from '../plan/diff-policy.js';
import type { Plan } from '../plan/plan.js';
import type { Roster } from '../roster/roster.js';
import { parsePolicy } from './document.js';
import { plannedKeyPolicy } from './planned.js';
import { findingText } from './proof/docket.js';
import { interlockOfRoster, proofKeyOf } from './proof/roster.js';
import { prove } from './prove.js';

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

export function advisory(because: string): Enforcement {
  return { level: 'advisory', because: because.slice(0, 400) };
}

/**
 * What the live policies of one key come to, by the proof over them: one claim that is broken in one Region, and nothing is
 * enforced. Roles, grants and the organization's policies are not looked at: `custody policy prove` does.
 */
export function enforcementOf(plan: Plan, roster: Roster, name: string, live: readonly LivePolicy[]): Enforcement {
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
    }),
  );
  const nobodyElse = { principals: null, serviceControlPolicies: null, resourceControlPolicies: null };
  const { claims } = prove({
    account: plan.account,
    keys,
    interlock: interlockOfRoster(roster, plan.interlock),
    ...nobodyElse,
  });
  const broken = claims.find(({ status }) => status === 'broken');
  const [finding] = broken?.findings ?? [];
  return broken ? `${broken.id}: ${finding ? findingText(finding) : 'broken'}` : null;
}
