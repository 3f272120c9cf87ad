import { waitingChallenge } from '../drill/waiting.js';
import type { CallerIdentity } from '../key/key.js';
import type { Plan } from '../plan/plan.js';
import type { Identity, Roster } from '../roster/roster.js';
import { identitiesOf } from '../roster/rules.js';
import { gatherStatus, type StatusLine } from '../status/gather.js';
import { judgeStatus } from '../status/judge.js';
import type { StatusReport } from '../status/report.js';
import { seatOfCaller } from './acting.js';
import { keysVerifierOf } from './backup-place.js';
import { backupKept } from './backup-standing.js';
import type { Context } from './context.js';
import { draftChanges } from './draft.js';
import { drillKept } from './drill-history.js';
import { type OrganizationFlags, organizationOf } from './organization.js';

export interface StatusFlags extends OrganizationFlags {
  readonly offline: boolean;
  readonly trail: boolean;
}

/** The front page of a repository. @throws CustodyError what looking at the repository throws */
export async function statusFor(context: Context, flags: StatusFlags): Promise<StatusReport> {
  const { folder, ports, pin } = await context.desk();
  const above = await organizationOf(flags);
  const evidence = await gatherStatus({
    ports,
    above,
    lookUp: (reach) => context.lookUp(reach),
    line: flags.offline ? null : (plan) => lineTo(context, plan),
    trail: flags.trail,
    backup: (state) => backupKept(context, state, flags.offline),
    drill: drillKept,
    challenge: (state) => waitingChallenge(state, keysVerifierOf(state), ports.clock.now()),
    draft: async (plan) => (await draftChanges(folder, plan)).length,
    who: (roster, caller) => whoLooks(roster, context.flags.as ?? pin.as ?? null, caller),
  });
  context.progress.done();
  return judgeStatus(evidence, ports.clock.now());
}

async function lineTo({ access }: Context, plan: Plan): Promise<StatusLine> {
  const { reader, slots, whoAmI, host } = await access.aws(plan);
  return { reader, slots, whoAmI, host, account: await access.account(plan), trail: await access.trail(plan) };
}

/** Nothing is signed here, so a name is enough; where there is none, the role of the credentials says it. */
function whoLooks(roster: Roster, named: string | null, caller: CallerIdentity | null): Identity | null {
  const id = named ?? (caller === null ? null : seatOfCaller(caller, roster)) ?? null;
  return [...identitiesOf(roster).values()].find((identity) => identity.id === id) ?? null;
}
