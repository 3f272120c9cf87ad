import { formatCanonical, type JsonObject, parseJson } from '../base/canonical-json.js';
import { CustodyError } from '../base/errors.js';
import { isKeyArn, type KeyArn, keyArnOf } from '../key/key.js';
import type { Plan } from '../plan/plan.js';
import { plannedKeyPolicy } from '../policy/planned.js';
import type { SlotClass } from '../policy/slot.js';
import { readKeyPolicy } from '../policy/validate.js';
import { callsOf } from '../record/action.js';
import type { ActionName } from '../record/action-names.js';
import type { ActionSubject } from '../record/action-row.js';
import type { InForce } from './in-force.js';
import type { Proposal } from './open.js';
import type { Aws } from './ports.js';
import type { How } from './rotate.js';
import { type ResolvedKey, resolveKey } from './subject.js';

/** Requests about who may use a key, and about its names. */

interface Place {
  readonly aws: Aws;
  readonly state: InForce;
  readonly plan: Plan;
}

/** A key as a person names it, and in which of its Regions; null: the plan's primary. */
export interface Where {
  readonly key: string;
  readonly region: string | null;
}

interface Asked {
  readonly action: ActionName;
  readonly parameters: JsonObject;
}

async function proposalFor(
  place: Place,
  { key: given, region: where }: Where,
  how: How,
  asked: (key: ResolvedKey) => Asked,
): Promise<Proposal> {
  const { aws, state, plan } = place;
  const resolved = await resolveKey(aws.reader, plan, state.roster.repository, given, where ?? undefined);
  const { region, ...key } = resolved;
  const wanted = asked(resolved);
  assertParameters(wanted, { repository: state.roster.repository, region, key, nonce: '0'.repeat(32) });
  return { region, key, ...wanted, ...how };
}

/** What the action table would refuse in a record is the caller's mistake here. @throws CustodyError USAGE */
function assertParameters({ action, parameters }: Asked, subject: ActionSubject): void {
  try {
    callsOf(action, subject, parameters);
  } catch (cause) {
    if (!(cause instanceof CustodyError) || cause.code !== 'RECORD_MALFORMED') throw cause;
    throw new CustodyError('USAGE', cause.message, { details: cause.details ?? {} });
  }
}

/**
 * The request that replaces a key's policy.
 * @param policy the text of another policy; null for the one that plan and roster give
 * @param opens slot classes that it lets through for now: replicas, and what had no room in the policy
 * @throws CustodyError NOT_FOUND, FOREIGN_KEY · POLICY_MALFORMED for what KMS would reject
 */
export async function policyProposal(
  place: Place,
  where: Where,
  policy: Uint8Array | null,
  how: How,
  opens: readonly SlotClass[] = [],
): Promise<Proposal> {
  const { plan, state } = place;
  const given = policy === null ? null : canonicalPolicyOf(policy);
  return proposalFor(place, where, how, ({ name, region, keyId }) => {
    const text = given ?? plannedKeyPolicy(plan, state.roster, name, region, { keyId, opens });
    return { action: 'key.policy', parameters: { policy: text } };
  });
}

/** Read as it was given: the canonical form keeps the last of two equal names, and somebody may have meant the first (T2). */
function canonicalPolicyOf(given: Uint8Array): string {
  readKeyPolicy(given, 'the policy');
  return formatCanonical(parseJson(given, 'the policy', undefined, 'POLICY_MALFORMED'));
}

/** What becomes of one alias: `--create`, `--delete`, `--move-to`. */
export type AliasChange =
  | { readonly kind: 'create' | 'delete'; readonly name: string }
  /** `name` null: the alias that the plan gives the key. */
  | { readonly kind: 'move'; readonly name: string | null; readonly to: string };

/** The request that creates, deletes or moves one alias of a key. @throws CustodyError NOT_FOUND, FOREIGN_KEY, USAGE */
export function aliasProposal(place: Place, where: Where, change: AliasChange, how: How): Promise<Proposal> {
  return proposalFor(place, where, how, (key): Asked => {
    const alias = change.name === null ? key.alias : aliasName(change.name);
    if (change.kind !== 'move') return { action: `key.alias-${change.kind}`, parameters: { alias } };
    return { action: 'key.alias-move', parameters: { alias, to: targetArn(place.plan, key.region, change.to) } };
  });
}

function aliasName(given: string): string {
  return given.startsWith('alias/') ? given : `alias/${given}`;
}

/** The new target is named by id or ARN: a name of the plan would stand for whatever its alias stands for. */
function targetArn({ partition, account }: Plan, region: string, given: string): KeyArn {
  const arn = isKeyArn(given) ? given : keyArnOf({ partition, region, account, keyId: given });
  const own = `arn:${partition}:kms:${region}:${account}:key/`;
  if (isKeyArn(arn) && arn.startsWith(own)) return arn;
  throw new CustodyError('USAGE', `the new target is a key id, or the ARN of a key of ${account} in ${region}`, {
    details: { found: given.slice(0, 200) },
  });
}

/** The request that sets tags of a key. @throws CustodyError NOT_FOUND, FOREIGN_KEY, USAGE for a reserved tag */
export function tagProposal(
  place: Place,
  where: Where,
  tags: ReadonlyMap<string, string>,
  how: How,
): Promise<Proposal> {
  assertOwnTags([...tags.keys()]);
  const parameters = { tags: [...tags].sort(byName).map(([TagKey, TagValue]) => ({ TagKey, TagValue })) };
  return proposalFor(place, where, how, () => ({ action: 'key.tag', parameters }));
}

/** The request that takes tags off a key. @throws CustodyError NOT_FOUND, FOREIGN_KEY, USAGE for a reserved tag */
export function untagProposal(place: Place, where: Where, keys: readonly string[], how: How): Promise<Proposal> {
  assertOwnTags(keys);
  const parameters = { tagKeys: [...new Set(keys)].sort() };
  return proposalFor(place, where, how, () => ({ action: 'key.untag', parameters }));
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

/** The table refuses them as well; here the person learns why. */
function assertOwnTags(keys: readonly string[]): void {
  const reserved = keys.find((key) => /^(?:aws|custody):/i.test(key));
  if (reserved === undefined) return;
  throw new CustodyError('REFUSED', `the tag ${reserved} is not anyone's to change: it says whose key it is`, {
    details: { tag: reserved },
  });
}

/** The request that describes a key in other words. @throws CustodyError NOT_FOUND, FOREIGN_KEY */
export function describeProposal(place: Place, where: Where, description: string, how: How): Promise<Proposal> {
  return proposalFor(place, where, how, () => ({ action: 'key.describe', parameters: { description } }));
}

/** What a grant is to allow, as flags give it. */
export interface GrantWish {
  readonly grantee: string;
  readonly operations: readonly string[];
  /** Exactly these pairs, or at least these; null for any context. */
  readonly context: { readonly exact: boolean; readonly pairs: ReadonlyMap<string, string> } | null;
  readonly retiring: string | null;
}

/** The request that makes a grant. @throws CustodyError NOT_FOUND, FOREIGN_KEY */
export function grantProposal(place: Place, where: Where, wish: GrantWish, how: How): Promise<Proposal> {
  const { grantee, operations, context, retiring } = wish;
  const type = context?.exact ? 'EncryptionContextEquals' : 'EncryptionContextSubset';
  const parameters = {
    grantee,
    operations: [...new Set(operations)].sort(),
    constraint: context === null ? null : { type, pairs: Object.fromEntries(context.pairs) },
    retiring,
  };
  return proposalFor(place, where, how, () => ({ action: 'key.grant', parameters }));
}

/** The request that ends a grant: revoked, or retired because its work is done. @throws CustodyError NOT_FOUND, FOREIGN_KEY */
export function endGrantProposal(
  place: Place,
  where: Where,
  action: 'key.revoke' | 'key.retire',
  grantId: string,
  how: How,
): Promise<Proposal> {
  return proposalFor(place, where, how, () => ({ action, parameters: { grantId } }));
}
