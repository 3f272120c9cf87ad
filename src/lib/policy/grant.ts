import { accountOf, type Principal } from './principals.js';

type Pairs = Readonly<Record<string, string>>;

/** By name: `EncryptionContextEquals` or `EncryptionContextSubset`. */
export type GrantConstraints = Readonly<Record<string, Pairs>>;

/** What decides of a KMS grant whether it lets a call through. */
export interface Grant {
  /** The ARN of a user, a role, a session or an account's root. */
  readonly granteePrincipal: string;
  readonly operations: readonly string[];
  readonly constraints: GrantConstraints;
}

/** A call that is made by right of a grant. */
export interface GrantedCall {
  /** `Decrypt`, without the service. */
  readonly operation: string;
  readonly caller: Principal;
  readonly encryptionContext: Pairs;
  /** The grant that `CreateGrant` would make. */
  readonly child?: Pick<Grant, 'operations' | 'constraints'>;
}

/** Operations whose requests have no encryption context: constraints do not apply to them (GrantConstraints). */
const UNCONSTRAINED: ReadonlySet<string> = new Set(['DescribeKey', 'RetireGrant', 'CreateGrant', 'GetPublicKey']);

/**
 * What a grant means to a call: `caller` lets it through, `account` hands the decision to the identity policies of the
 * account that the grant is for (its root user needs none), null gives nothing ("Grants in AWS KMS").
 */
export function grantCovers(grant: Grant, call: GrantedCall): 'caller' | 'account' | null {
  if (!grant.operations.includes(call.operation)) return null;
  if (!UNCONSTRAINED.has(call.operation) && !satisfies(grant.constraints, call.encryptionContext)) return null;
  if (call.operation === 'CreateGrant' && (call.child === undefined || !isNoWider(grant, call.child))) return null;
  const { principalArn, callerArn, account, kind } = call.caller;
  if (grant.granteePrincipal === principalArn || grant.granteePrincipal === callerArn) return 'caller';
  if (account === '' || accountOf(grant.granteePrincipal) !== account) return null;
  return kind === 'root' ? 'caller' : 'account';
}

/** Names compare without case, values with it. A constraint of another name is not met by anything that is known here. */
function satisfies(constraints: GrantConstraints, given: Pairs): boolean {
  const pairs = folded(given);
  // Of two names that differ in case KMS could not tell which is meant.
  if (pairs.size !== Object.keys(given).length) return Object.keys(constraints).length === 0;
  return Object.entries(constraints).every(([name, wanted]) => {
    if (name === 'EncryptionContextSubset') return includes(pairs, wanted);
    return name === 'EncryptionContextEquals' && includes(pairs, wanted) && folded(wanted).size === pairs.size;
  });
}

function folded(pairs: Pairs): ReadonlyMap<string, string> {
  return new Map(Object.entries(pairs).map(([name, value]) => [name.toLowerCase(), value]));
}

function includes(given: ReadonlyMap<string, string>, wanted: Pairs): boolean {
  return Object.entries(wanted).every(([name, value]) => given.get(name.toLowerCase()) === value);
}

/** A grant made by right of another allows no more operations and is constrained at least as tightly (CreateGrant). */
function isNoWider(parent: Grant, child: Pick<Grant, 'operations' | 'constraints'>): boolean {
  if (!child.operations.every((operation) => parent.operations.includes(operation))) return false;
  return Object.entries(parent.constraints).every(([name, wanted]) => {
    const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = child.constraints;
    const held = name === 'EncryptionContextEquals' ? equals : (equals ?? subset);
    return held !== undefined && satisfies({ [name]: wanted }, held);
  });
}
