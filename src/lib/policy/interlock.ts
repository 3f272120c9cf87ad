import type { JsonObject } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { GRANT_OPERATIONS } from '../base/grant-operations.js';
import { KEY_NAME, PERSON_ID, REGION } from '../plan/grammar.js';
import type { QuorumRules } from '../plan/plan.js';
import { coverQuorums, type Quorums } from './cover.js';
import { applicableClasses, KEY_ID, SLOTS, type SlotClass } from './slot.js';
import { type Conditions, merged, slotConditions, variable } from './slot-conditions.js';
import { allow, denyEveryone, oneOrMany } from './statements.js';

/** A seat as the interlock sees it: its id names its slots, its duty counts where a rule wants several duties. */
export interface InterlockSeat {
  readonly id: string;
  readonly roleArn: string;
  readonly duty: string;
}

/** What makes the executor's power over one key depend on the approval slots of the seats. */
export interface Interlock {
  readonly seats: readonly InterlockSeat[];
  /** How many seats must hold the same slot; a rule may raise it for its class, never lower it. */
  readonly threshold: number;
  readonly rules: QuorumRules['classes'];
  readonly keyName: string;
  readonly keyId: string;
  readonly origin: 'AWS_KMS' | 'EXTERNAL';
  /** Where the key exists, and so may become the primary. */
  readonly regions: readonly string[];
  /** The plan's rotation period: a request may shorten it, never stretch it. */
  readonly rotationPeriodDays: number;
  /** Stands by with `policy` alone: should the executor be deleted, no key is orphaned (T58). */
  readonly coldExecutorRoleArn: string;
  /** Reads, and nothing else. */
  readonly auditorRoleArn: string;
  /** Classes that do not stand for good, or had no room, and are opened for a while. */
  readonly opens?: readonly SlotClass[];
  /** The key that this one replaces: its name's slots stand for both, so an approval to move the alias names the old one. */
  readonly replaces?: string;
}

/** Where the interlock stands. */
export interface InterlockPlace {
  readonly account: string;
  readonly partition: string;
  readonly region: string;
  readonly executorRoleArn: string;
}

/**
 * How it is written down, in the order in which it is tried against the limit of KMS. `plain`: every class, named statements.
 * `short`: without Sids, and any text for the digest. `sparse`: so, and without the classes that need not stand for good.
 */
export const INTERLOCK_FORMS = ['plain', 'short', 'sparse'] as const;
export type InterlockForm = (typeof INTERLOCK_FORMS)[number];

/** ScheduleKeyDeletion: KMS takes no more, and the plan wants no less, for a veto. */
const DELETION_DAYS = '30';

/** The classes that a key's policy of this form lets through. */
export function interlockClasses(interlock: Interlock, form: InterlockForm): readonly SlotClass[] {
  const wanted = form === 'sparse' ? ['standing'] : ['standing', 'if-it-fits'];
  return applicableClasses(interlock).filter(
    (name) => wanted.includes(SLOTS[name].stands) || interlock.opens?.includes(name),
  );
}

/**
 * The statements that let the executor change the key, and what nobody may: for each class, one a way in which a quorum can
 * hold the same slot.
 * @throws CustodyError PLAN_INVALID for names that would shift a slot, or rules that nobody can meet · LIMIT_EXCEEDED for more
 *   than 8 seats
 */
export function interlockStatements(
  interlock: Interlock,
  place: InterlockPlace,
  form: InterlockForm,
): readonly JsonObject[] {
  assertInterlock(interlock, place);
  const sorted = { ...interlock, seats: [...interlock.seats].sort((a, b) => (a.id < b.id ? -1 : 1)) };
  const waysOf = waysByRule(sorted);
  const classes = interlockClasses(interlock, form);
  return [
    ...classes.flatMap((name) => classStatements(sorted, place, name, form, waysOf(name))),
    ...ownTagsStay(classes),
  ];
}

/** Whose key it is (T61) and which one it replaces: set when it is made, never afterwards. */
function ownTagsStay(classes: readonly SlotClass[]): readonly JsonObject[] {
  const operations = (['tag', 'untag'] as const)
    .filter((name) => classes.includes(name))
    .flatMap((name) => SLOTS[name].operations);
  if (operations.length === 0) return [];
  return [denyEveryone('OwnTagsStay', operations, { 'ForAnyValue:StringLike': { 'aws:TagKeys': 'custody:*' } })];
}

/** The ways to a quorum for each class; classes of one rule share them. */
function waysByRule({ seats, threshold, rules }: Interlock): (name: SlotClass) => readonly Quorums[] {
  const known = new Map<string, readonly Quorums[]>();
  const dutyOf = seats.map(({ duty }) => duty);
  return (name) => {
    const rule = rules[SLOTS[name].rule];
    const needed = Math.max(threshold, rule?.threshold ?? 0);
    const duties = rule?.distinctRoles ?? 1;
    const ways = known.get(`${needed} ${duties}`) ?? coverQuorums(dutyOf, needed, duties);
    known.set(`${needed} ${duties}`, ways);
    return ways;
  };
}

function classStatements(
  interlock: Interlock,
  place: InterlockPlace,
  name: SlotClass,
  form: InterlockForm,
  ways: readonly Quorums[],
): readonly JsonObject[] {
  const roles = [place.executorRoleArn, ...(name === 'policy' ? [interlock.coldExecutorRoleArn] : [])];
  const wanted = variantsOf(interlock, place, name);
  const statements = wanted.flatMap(({ values, pins }) =>
    ways.map((quorums) => ({
      ...slotConditions(
        quorums,
        interlock,
        values.map((value) => `${value}${DIGEST[form]}/${EXECUTOR}`),
      ),
      pins,
    })),
  );
  return statements.map(({ equal, like, pins }, at) => {
    const statement = allow(`${sidOf(name)}${at + 1}`, roles, SLOTS[name].operations, merged([like, equal, pins]));
    if (form === 'plain') return statement;
    const { Sid: _, ...unnamed } = statement;
    return unnamed;
  });
}

const EXECUTOR = variable('aws:SourceIdentity');
const DIGEST: Readonly<Record<InterlockForm, string>> = { plain: '?'.repeat(64), short: '*', sparse: '*' };

function sidOf(name: SlotClass): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

interface Variant {
  /** Beginnings of slot values, to the digest; one of them is enough. */
  readonly values: readonly string[];
  readonly pins: Conditions;
}

/** What the slot must say, and what the call's own parameters must be: a class with condition keys is held to the plan by them. */
function variantsOf(interlock: Interlock, place: InterlockPlace, name: SlotClass): readonly Variant[] {
  const { keyId, regions, replaces, rotationPeriodDays } = interlock;
  const value = (region: string, id = keyId) => `${name}/${region}/${id}/`;
  const here = [value(place.region)];
  switch (name) {
    case 'rotation':
      return [
        { values: here, pins: { NumericLessThanEquals: { 'kms:RotationPeriodInDays': String(rotationPeriodDays) } } },
      ];
    case 'delete':
      return [
        {
          values: here,
          pins: { NumericGreaterThanEquals: { 'kms:ScheduleKeyDeletionPendingWindowInDays': DELETION_DAYS } },
        },
      ];
    case 'grant':
      return [{ values: here, pins: grantPins(interlock, place) }];
    case 'replicate': {
      const others = regions.filter((region) => region !== place.region).sort();
      return [{ values: here, pins: { StringEquals: { 'kms:ReplicaRegion': oneOrMany(others) } } }];
    }
    case 'promote':
      // The call is judged by the policies of both Regions: both take the Region that becomes the primary, and no other.
      return [...regions].sort().map((region) => ({
        values: [value(region)],
        pins: { StringEquals: { 'kms:PrimaryRegion': region } },
      }));
    case 'alias-move':
      return [{ values: [...here, ...(replaces ? [value(place.region, replaces)] : [])], pins: {} }];
    default:
      return [{ values: here, pins: {} }];
  }
}

/** To a role or user of the account, never to the account itself or an executor, and never the power to grant. */
function grantPins(
  { coldExecutorRoleArn }: Interlock,
  { account, partition, executorRoleArn }: InterlockPlace,
): Conditions {
  const own = `arn:${partition}:iam::${account}`;
  return {
    StringLike: { 'kms:GranteePrincipal': [`${own}:role/*`, `${own}:user/*`] },
    StringNotEquals: { 'kms:GranteePrincipal': [executorRoleArn, coldExecutorRoleArn] },
    'ForAllValues:StringEquals': { 'kms:GrantOperations': [...GRANT_OPERATIONS] },
    Null: { 'kms:GrantOperations': 'false' },
  };
}

function assertInterlock(interlock: Interlock, place: InterlockPlace): void {
  const { seats, threshold, keyName, keyId, regions, coldExecutorRoleArn, auditorRoleArn, replaces } = interlock;
  const invalid = (message: string) => new CustodyError('PLAN_INVALID', `approval interlock: ${message}`);
  if (!KEY_NAME.test(keyName)) throw invalid('a key name that would shift its slots');
  if (seats.some(({ id }) => !PERSON_ID.test(id))) throw invalid('a custodian id that would shift its slots');
  if (new Set(seats.map(({ id }) => id)).size !== seats.length) throw invalid('two seats of one id');
  if (![keyId, ...(replaces ? [replaces] : [])].every((id) => KEY_ID.test(id))) throw invalid('not a key id');
  if (!regions.every((region) => REGION.test(region))) throw invalid('not a Region');
  if (!regions.includes(place.region)) throw invalid('the plan has no such key in this Region');
  if (threshold < 2 || threshold >= seats.length) {
    throw invalid(`a threshold of ${threshold} of ${seats.length} seats`);
  }
  const roles = [place.executorRoleArn, coldExecutorRoleArn, auditorRoleArn, ...seats.map(({ roleArn }) => roleArn)];
  if (new Set(roles).size !== roles.length) throw invalid('one role in two places');
}
