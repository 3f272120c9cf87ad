import { CustodyError } from '../base/errors.js';
import { SCHEDULERS, type Scheduler, scheduleText } from '../drill/schedule.js';
import { openClone } from '../git/clone.js';
import { drillRoleArnOf } from '../plan/canaries.js';
import type { Context } from './context.js';

export type ScheduleFlags = Readonly<Record<Scheduler, boolean>> & { readonly automation?: string | undefined };

export interface Schedule {
  readonly scheduler: Scheduler;
  readonly text: string;
}

/** @throws CustodyError USAGE for no or two schedulers · PLAN_NOT_IN_FORCE without the roles that a job enters */
export async function scheduleFor(context: Context, flags: ScheduleFlags): Promise<Schedule> {
  const [scheduler, second] = SCHEDULERS.filter((name) => flags[name]);
  if (scheduler === undefined || second !== undefined)
    throw new CustodyError('USAGE', `give one of ${SCHEDULERS.map((name) => `--${name}`).join(', ')}`);
  const state = await context.lookUp('remote-if-reachable');
  const { folder, ports } = await context.desk();
  const { plan } = state.plan;
  const listed = state.roster.automation;
  const automation = listed.find(({ id }) => flags.automation === undefined || id === flags.automation);
  if (!automation)
    throw new CustodyError('PLAN_NOT_IN_FORCE', 'the roster lists no such automation identity', {
      suggestions: [`It lists ${listed.map(({ id }) => id).join(', ') || 'none'}; a job signs as one of them.`],
    });
  const drillRoleArn = drillRoleArnOf(plan);
  if (drillRoleArn === null)
    throw new CustodyError('PLAN_NOT_IN_FORCE', 'the plan in force lets no role make canaries', {
      suggestions: ['Give each key a user with the encryption context custody:canary (docs/drills.md).'],
    });
  const { remote } = await openClone(folder, context.environment);
  const text = scheduleText(scheduler, {
    automationRoleArn: automation.roleArn,
    drillRoleArn,
    auditorRoleArn: plan.interlock?.auditorRoleArn ?? null,
    region: plan.regions.primary,
    repository: remote.text,
    automation: automation.id,
    version: ports.tool.version,
    approvalWindowSeconds: plan.quorum.approvalWindowSeconds,
  });
  return { scheduler, text };
}
