import { CustodyError } from '../base/errors.js';
import type { Instant } from '../base/time.js';
import { type AccountFound, NOBODY_READ, readAccount, rolesNamed } from '../inspect/account.js';
import type { AccountReader } from '../key/account.js';
import type { KeyReader } from '../key/key.js';
import type { SlotKeeper } from '../key/slots.js';
import type { ObservedEstate } from '../plan/estate.js';
import { planTree, type TreeNode } from '../plan/tree.js';
import { accountRolesOf } from '../policy/account-roles.js';
import { parsePolicy } from '../policy/document.js';
import { type RolesFound, type RolesStanding, rolesStanding } from '../policy/enforcement.js';
import type { Case } from '../request/case.js';
import { type Decided, decidedBy } from '../request/decided.js';
import { observeEstate } from '../request/estate.js';
import type { InForce } from '../request/in-force.js';
import { knownKeys } from '../request/known-keys.js';
import { type StaleSlot, slotDifferences, staleSlotsOf } from '../request/stale-slots.js';
import { type KeyFacts, keyFacts } from './key-facts.js';

/** The way to everything at AWS that says how the keys stand. */
export interface KeyLine {
  readonly reader: KeyReader;
  readonly slots: Pick<SlotKeeper, 'list'>;
  readonly account: AccountReader;
}

/** The organization's policies, which cannot be read from within the account. */
export type Above = Pick<RolesFound, 'serviceControlPolicies' | 'resourceControlPolicies'>;

export const NOTHING_ABOVE: Above = { serviceControlPolicies: null, resourceControlPolicies: null };

/** What was seen of the keys together. */
export interface KeysSeen {
  readonly estate: ObservedEstate;
  readonly decided: Decided;
  readonly stale: readonly StaleSlot[];
  /** Tags of the executor, by which its slots are told; null where they were not read. */
  readonly tags: ReadonlyMap<string, string> | null;
  /** Null without an interlock. */
  readonly roles: RolesStanding | null;
  /** What could not be looked at, a sentence each. */
  readonly unread: readonly string[];
}

type Repository = Pick<InForce, 'plan' | 'roster'>;

/**
 * Looks at the plan's keys, the executors' slots and, under an interlock, the roles. Changes nothing.
 * @throws CustodyError CREDENTIALS_MISSING, ENDPOINT_REFUSED, and what reading throws beside DENIED
 */
export async function observeKeys(
  line: KeyLine,
  state: Repository,
  cases: readonly Case[],
  tell: (text: string) => void,
  { names, above = NOTHING_ABOVE }: { readonly names?: readonly string[]; readonly above?: Above } = {},
): Promise<KeysSeen> {
  const { plan } = state.plan;
  const looking = { known: knownKeys(plan, cases), ...(names ? { names } : {}) };
  const [estate, slots] = await Promise.all([
    observeEstate(line.reader, plan, tell, looking),
    readSlots(line.slots, state, cases),
  ]);
  const account = plan.interlock ? await rolesOf(line.account, state, estate) : NOBODY_READ;
  return {
    estate,
    decided: decidedBy(plan, state.roster, cases),
    stale: slots.stale,
    tags: slots.tags,
    roles: rolesStanding(plan, state.roster, { ...account, ...above }),
    unread: [...slots.unread, ...account.unread],
  };
}

async function readSlots(keeper: KeyLine['slots'], state: Repository, cases: readonly Case[]) {
  const { plan } = state.plan;
  if (!plan.interlock) return { stale: [], unread: [], tags: null };
  const { executor, cold } = accountRolesOf(state.roster, plan.interlock);
  const stale: StaleSlot[] = [];
  const unread: string[] = [];
  let own: ReadonlyMap<string, string> | null = null;
  for (const roleArn of [executor, cold]) {
    try {
      const tags = await keeper.list(roleArn);
      if (roleArn === executor) own = tags;
      stale.push(...staleSlotsOf(roleArn, tags, { plan, roster: state.roster }, cases));
    } catch (cause) {
      if (!(cause instanceof CustodyError) || cause.code !== 'DENIED') throw cause;
      unread.push(`approval slots on ${roleArn.slice(roleArn.lastIndexOf(':') + 1)}: not readable`);
    }
  }
  return { stale, unread, tags: own };
}

function rolesOf(
  reader: AccountReader,
  { plan: { plan }, roster }: Repository,
  estate: ObservedEstate,
): Promise<AccountFound> {
  const texts = Object.values(estate).flatMap((keys) => Object.values(keys ?? {}).map((key) => key?.policy ?? null));
  const policies = texts.flatMap((text) => {
    try {
      return text === null ? [] : [parsePolicy(text, 'a key policy')];
    } catch (cause) {
      // What cannot be read as a policy is a finding of the key; it names nobody.
      if (cause instanceof CustodyError) return [];
      throw cause;
    }
  });
  return readAccount(reader, rolesNamed(plan, roster, policies));
}

/** The facts of each key of the plan, parents first. Pure. */
export function factsOf(state: Repository, seen: KeysSeen, now: Instant): readonly KeyFacts[] {
  return planTree(state.plan.plan)
    .flatMap(namesIn)
    .map((name) => factsOfOne(state, seen, name, now));
}

/** The facts of one key. @throws CustodyError NOT_FOUND for a key that the plan does not have */
export function factsOfOne(state: Repository, { estate, decided, stale, roles }: KeysSeen, name: string, now: Instant) {
  const slots = slotDifferences(state.plan.plan, stale);
  return keyFacts(state, estate, name, { decided, slots, roles }, now);
}

function namesIn({ name, children }: TreeNode): readonly string[] {
  return [name, ...children.flatMap(namesIn)];
}
