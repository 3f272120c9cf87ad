import { drillRolesOf } from '../../plan/canaries.js';
import type { Plan } from '../../plan/plan.js';
import type { Roster } from '../../roster/roster.js';
import { accountRolesOf } from '../account-roles.js';
import type { PolicyDocument } from '../document.js';
import { interlockOf } from '../planned.js';
import { type KeyStanding, moverUses, PLAIN } from '../standing.js';
import { USES } from '../synthesize.js';
import { provenClasses } from './planned.js';
import type { Interlock, ProofKey, ProofUser } from './subject.js';

/** One key in one Region as it was found. */
export interface FoundKey {
  readonly name: string;
  readonly keyId: string;
  readonly region: string;
  readonly policy: PolicyDocument;
  readonly grants: ProofKey['grants'];
  /** What its policy is for; absent: for good. */
  readonly standing?: KeyStanding;
  /** For people, where one name stands for two keys. */
  readonly label?: string;
}

/** Who stands behind the interlock, by plan and roster. */
export function interlockOfRoster(roster: Roster, plan: Pick<Plan, 'interlock' | 'keys'>): Interlock {
  const { executor, cold, installer, seats, automation, auditor, repository } = accountRolesOf(roster, plan.interlock);
  return {
    threshold: roster.threshold,
    seats,
    automation,
    executors: [
      { roleArn: executor, classes: null, automation: true },
      { roleArn: cold, classes: ['policy'], automation: false },
    ],
    installers: [installer],
    auditor,
    drills: drillRolesOf(plan),
    repository,
  };
}

/** A found key and what plan and roster say it must come to. */
export function proofKeyOf(plan: Plan, roster: Roster, found: FoundKey): ProofKey {
  const { name, keyId, region, standing = PLAIN } = found;
  const { account, partition, regions } = plan;
  const planned = plan.keys[name];
  const own = planned && interlockOf(plan, roster, name, keyId);
  const interlock = own && standing.kind === 'opened' ? { ...own, opens: standing.opens } : own;
  return {
    ...found,
    arn: `arn:${partition}:kms:${region}:${account}:key/${keyId}`,
    primaryRegion: region === regions.primary ? null : regions.primary,
    users: planned ? [...usersOf(plan, name, region), ...moverUses(plan, name, standing)] : null,
    classes: interlock ? provenClasses(interlock, { account, partition, region }) : [],
  };
}

function usersOf(plan: Plan, name: string, region: string): readonly ProofUser[] {
  const suffix = plan.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return (plan.keys[name]?.users ?? []).map(({ roleArn, may, encryptionContext, viaService }) => ({
    roleArn,
    operations: may.flatMap((use) => (use === 'describe' ? ['DescribeKey'] : USES[use])),
    encryptionContext,
    viaService: viaService === null ? null : `${viaService}.${region}.${suffix}`,
  }));
}
