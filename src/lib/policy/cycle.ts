import type { JsonObject, JsonValue } from '../base/canonical-json.js';
import { CYCLE_ALIAS, CYCLE_KEY, CYCLE_ROTATION_DAYS } from '../base/cycle.js';
import { CustodyError } from '../base/errors.js';
import { isObject } from '../base/fields.js';
import { drillRoleArnOf } from '../plan/canaries.js';
import type { Plan, PlannedKey } from '../plan/plan.js';
import type { Roster } from '../roster/roster.js';
import { plannedKeyPolicy } from './planned.js';
import { scratchStatement } from './scratch.js';
import { allow, formatKeyPolicy } from './statements.js';
import { READ } from './synthesize.js';

/** What a plan would say of the key of an exercise: nobody uses it. */
const PLANNED: PlannedKey = {
  alias: CYCLE_ALIAS,
  purpose: 'an exercise of request, approval and execution',
  owner: 'drill',
  parent: null,
  origin: 'AWS_KMS',
  multiRegion: false,
  replicas: [],
  rotation: { automatic: true, periodDays: CYCLE_ROTATION_DAYS },
  originatorUsageDays: 1,
  recipientUsageDays: 1,
  users: [],
  dualControl: 'none',
  tags: {},
};

/**
 * The policy of the scratch key of an exercise, canonical JSON: the one that plan and roster would give a key of theirs, under the
 * interlock where the plan has one, the statement by which the drill is rid of it, and one by which automation may look at it.
 * @throws CustodyError PLAN_NOT_IN_FORCE without a drill role · what synthesizing throws
 */
export function cyclePolicy(plan: Plan, roster: Roster, region: string, keyId: string): string {
  const keys = { ...plan.keys, [CYCLE_KEY]: PLANNED };
  const planned = JSON.parse(plannedKeyPolicy({ ...plan, keys }, roster, CYCLE_KEY, region, { keyId })) as JsonValue;
  const statements = isObject(planned) && Array.isArray(planned.Statement) ? planned.Statement.filter(isObject) : [];
  const automation = roster.automation.map(({ roleArn }) => roleArn).sort();
  return formatKeyPolicy([
    ...(statements as JsonObject[]),
    ...(automation.length > 0 ? [allow('AutomationLooks', automation, READ)] : []),
    scratchStatement(drillRoleOf(plan)),
  ]);
}

/** What such a key is made with, until its id is known. @throws CustodyError PLAN_NOT_IN_FORCE */
export function firstCyclePolicy(plan: Plan): string {
  return formatKeyPolicy([scratchStatement(drillRoleOf(plan))]);
}

function drillRoleOf(plan: Plan): string {
  const role = drillRoleArnOf(plan);
  if (role !== null) return role;
  throw new CustodyError('PLAN_NOT_IN_FORCE', 'the plan in force has no drill role that could make a scratch key', {
    suggestions: ['Give each key a user with the encryption context custody:canary (docs/drills.md).'],
  });
}
