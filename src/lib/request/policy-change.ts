import type { JsonValue } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import type { Plan } from '../plan/plan.js';
import { differenceOf, type PolicyDifference } from '../policy/difference.js';
import { type PolicyStatement, parsePolicy } from '../policy/document.js';
import { plannedKeyPolicy } from '../policy/planned.js';
import { plannedSlots, sayingOf } from '../policy/planned-slots.js';
import { SLOTS, type SlotClass } from '../policy/slot.js';
import { lineOf, type PolicyLine } from '../policy/words.js';
import type { KeyRef, RequestPredicate } from '../record/statement.js';
import type { Roster } from '../roster/roster.js';

/** What a request for another key policy changes, worked out from the signed state: approving has compared it with AWS. */
export interface PolicyChange {
  /** Who gains and who loses which operation. */
  readonly difference: readonly PolicyDifference[];
  /** What the new policy gives anyone beyond what plan and roster give (T42); empty for the plan's own policy. */
  readonly beyondPlan: readonly PolicyDifference[];
  /** Statement by statement. */
  readonly statements: readonly ChangedStatement[];
  /** Why one of the policies could not be read: without the one before everything counts as gained. */
  readonly unreadable: string | null;
}

export interface ChangedStatement extends PolicyLine {
  /** In which of the two policies it stands. */
  readonly in: 'before' | 'after' | 'both';
  /** Of the approval interlock, in the very words of the plan in force, with every other statement of its class. */
  readonly slot: SlotDemand | null;
}

/** Whose slots a class of calls asks for. */
export interface SlotDemand {
  readonly class: SlotClass;
  readonly operations: readonly string[];
  /** Custodians, and of how many duties. */
  readonly threshold: number;
  readonly distinctDuties: number;
}

type Said = Pick<RequestPredicate, 'action' | 'account' | 'region' | 'key' | 'parameters' | 'preState'>;
interface Rules {
  readonly plan: Plan;
  readonly roster: Roster;
}

/** What a screen shows and `--json` tells is the same; working it out asks the evaluator some thousand questions. */
const known = new WeakMap<
  Said,
  { readonly plan: Plan; readonly roster: Roster; readonly change: PolicyChange | null }
>();

/** Null for a request of another action. Whatever the request holds, it can be shown; approving refuses what is no policy. */
export function policyChangeOf({ plan, roster }: Rules, said: Said): PolicyChange | null {
  const found = known.get(said);
  if (found?.plan === plan && found.roster === roster) return found.change;
  const change = judgeChange({ plan, roster }, said);
  known.set(said, { plan, roster, change });
  return change;
}

function judgeChange({ plan, roster }: Rules, said: Said): PolicyChange | null {
  const { action, account, region, key, parameters, preState } = said;
  if (action !== 'key.policy' || key === null) return null;
  const [before, after] = [readable(preState.policy), readable(parameters.policy)];
  const unreadable = [before.because, after.because].filter((because) => because !== null).join('; ') || null;
  if (after.text === null) return { difference: [], beyondPlan: [], statements: [], unreadable };
  const place = { account, region, keyArn: key.arn ?? '' };
  const planned = plannedOrNone(plan, roster, key, region);
  return {
    difference: differenceOf(before.text, after.text, place),
    beyondPlan: differenceOf(planned, after.text, place).filter(isWeaker),
    statements: statementsOf(before.text, after.text, {
      account,
      demands: slotDemands({ plan, roster }, after.text, planned),
    }),
    unreadable,
  };
}

/** Without a policy of the plan everything goes beyond it. */
function plannedOrNone(plan: Plan, roster: Roster, { name, keyId }: KeyRef, region: string): string | null {
  try {
    return plannedKeyPolicy(plan, roster, name, region, { keyId });
  } catch (cause) {
    if (cause instanceof CustodyError) return null;
    throw cause;
  }
}

/** More power, or power under other conditions, of which nobody can say whether they are weaker. */
export function isWeaker({ gains, loses, conditional }: PolicyDifference): boolean {
  return gains.length > 0 || conditional.some((operation) => !loses.includes(operation));
}

interface Readable {
  readonly text: string | null;
  readonly because: string | null;
}

/** A live policy may be one that this tool cannot read, which must not keep anyone from replacing it. */
function readable(policy: JsonValue | undefined): Readable {
  if (typeof policy !== 'string') return { text: null, because: 'KMS gave no policy' };
  try {
    parsePolicy(policy, 'a key policy');
    return { text: policy, because: null };
  } catch (cause) {
    if (!(cause instanceof CustodyError)) throw cause;
    return { text: null, because: cause.message };
  }
}

interface Reading {
  readonly account: string;
  readonly demands: ReadonlyMap<string, SlotDemand>;
}

/** In the order of the new policy, then what is gone. The same statement in another order is the same. */
function statementsOf(
  before: string | null,
  after: string,
  { account, demands }: Reading,
): readonly ChangedStatement[] {
  const [old, now] = [before === null ? [] : statements(before), statements(after)];
  const [had, has] = [new Set(old.map(sayingOf)), new Set(now.map(sayingOf))];
  return [
    ...now.map((one) => {
      const said = sayingOf(one);
      return {
        ...lineOf(one, account),
        in: had.has(said) ? ('both' as const) : ('after' as const),
        slot: demands.get(said) ?? null,
      };
    }),
    ...old
      .filter((one) => !has.has(sayingOf(one)))
      .map((one) => ({ ...lineOf(one, account), in: 'before' as const, slot: null })),
  ];
}

/** By what a statement of the new policy says, where the plan says the same. */
function slotDemands({ plan, roster }: Rules, after: string, planned: string | null): ReadonlyMap<string, SlotDemand> {
  const slots = plannedSlots(statements(after), planned === null ? [] : statements(planned));
  const demandFor = (name: SlotClass): SlotDemand => {
    const { operations, rule } = SLOTS[name];
    const { threshold = 0, distinctRoles = 1 } = plan.quorum.classes[rule] ?? {};
    return { class: name, operations, threshold: Math.max(roster.threshold, threshold), distinctDuties: distinctRoles };
  };
  return new Map([...slots].map(([said, name]) => [said, demandFor(name)]));
}

function statements(policy: string): readonly PolicyStatement[] {
  return parsePolicy(policy, 'key policy').statements;
}
