import type { Call } from '../service.js';
import type { Ask, GrantConstraints } from './ask.js';
import { rootArn, type Target } from './identifiers.js';
import { type GrantRow, rowId, type World } from './state.js';

/** Operations whose requests have no encryption context: constraints do not apply to them. */
const UNCONSTRAINED = new Set(['DescribeKey', 'RetireGrant', 'CreateGrant', 'GetPublicKey']);

/**
 * Whether a grant lets the caller do `action`. A grant to the account itself counts for its users and roles only as far
 * as `delegated` says that their identity policies allow the action.
 */
export function permittingGrant(
  world: World,
  call: Call,
  target: Target,
  action: string,
  ask: Ask,
  delegated: () => boolean,
): boolean {
  return grantsOn(world, target).some(
    (grant) =>
      grant.operations.includes(action) &&
      inEffect(world, call, grant, ask.grantTokens ?? []) &&
      (UNCONSTRAINED.has(action) || satisfies(grant.constraints, ask.encryptionContext ?? {})) &&
      (action !== 'CreateGrant' || (ask.child !== undefined && noWider(grant, ask.child))) &&
      (isPrincipal(call, grant.granteePrincipal) || (grant.granteePrincipal === rootArn(world) && delegated())),
  );
}

export function grantsOn(world: World, { row }: Target): readonly GrantRow[] {
  return world.grants.group(rowId(row.region, row.keyId));
}

/** The caller is this principal: the user or role itself, or the very session. */
export function isPrincipal(call: Call, arn: string): boolean {
  return arn === call.caller.principalArn || arn === call.caller.callerArn;
}

/** A new grant works at once only for those who show its token. */
function inEffect(world: World, call: Call, grant: GrantRow, tokens: readonly string[]): boolean {
  return (
    call.nowMillis - grant.createdMillis >= world.delays.grant || grant.tokens.some((token) => tokens.includes(token))
  );
}

/** Keys compare without case, values with it (API reference, GrantConstraints). */
function satisfies(constraints: GrantConstraints, pairs: Readonly<Record<string, string>>): boolean {
  const given = folded(pairs);
  const equals = constraints.EncryptionContextEquals;
  const subset = constraints.EncryptionContextSubset;
  if (equals !== undefined && !(includes(given, folded(equals)) && given.length === Object.keys(equals).length))
    return false;
  return subset === undefined || includes(given, folded(subset));
}

type Pairs = readonly (readonly [string, string])[];

function folded(pairs: Readonly<Record<string, string>>): Pairs {
  return Object.entries(pairs).map(([key, value]) => [key.toLowerCase(), value] as const);
}

function includes(given: Pairs, wanted: Pairs): boolean {
  return wanted.every(([key, value]) => given.some((pair) => pair[0] === key && pair[1] === value));
}

/** A grant made by right of another allows no more operations and is constrained at least as tightly. */
function noWider(parent: GrantRow, child: NonNullable<Ask['child']>): boolean {
  if (!child.operations.every((operation) => parent.operations.includes(operation))) return false;
  const equals = parent.constraints.EncryptionContextEquals;
  const childEquals = child.constraints.EncryptionContextEquals;
  if (equals !== undefined)
    return childEquals !== undefined && satisfies({ EncryptionContextEquals: equals }, childEquals);
  const subset = parent.constraints.EncryptionContextSubset;
  if (subset === undefined) return true;
  const childPairs = childEquals ?? child.constraints.EncryptionContextSubset;
  return childPairs !== undefined && satisfies({ EncryptionContextSubset: subset }, childPairs);
}
