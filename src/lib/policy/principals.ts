import type { PrincipalElement } from './document.js';

/** Who asks, as IAM knows it. */
export interface Principal {
  /** Empty for services and federated identities that are in no account. */
  readonly account: string;
  readonly kind: 'root' | 'user' | 'role' | 'service' | 'federated';
  /** `arn:aws:iam::…:role/NAME`, `…:user/NAME`, `…:root`; a service's name; an identity provider's ARN or domain. */
  readonly principalArn: string;
  /** The session's ARN (`arn:aws:sts::…:assumed-role/NAME/SESSION`); the same as `principalArn` where there is none. */
  readonly callerArn: string;
}

/**
 * How a `Principal` element reaches a caller. `direct`: the user, the session, everyone. `role`: the ARN behind a
 * session, which session policies and the boundary still limit. `account`: delegation to the account's own policies.
 */
export type Reach = 'direct' | 'role' | 'account';
export const REACH_STRENGTH: Readonly<Record<Reach, number>> = { direct: 3, role: 2, account: 1 };

const ROOT = /^arn:[^:]+:iam::(\d{12}):root$/;

/** The account that an entry stands for: an account id or the ARN of an account's root; null for any other entry. */
export function accountOf(entry: string): string | null {
  return /^\d{12}$/.test(entry) ? entry : (ROOT.exec(entry)?.[1] ?? null);
}

/** A `Principal` element, ready to be asked. */
export interface PrincipalTest {
  /** For an Allow: the strongest way in which the caller is meant; null when not. */
  reach(caller: Principal): Reach | null;
  /** For a Deny: is the caller meant in any way? `bounded`: it has a permissions boundary. */
  covers(caller: Principal, bounded?: boolean): boolean;
}

/** A test of whether a Principal element names someone. */
export function compilePrincipal(element: PrincipalElement): PrincipalTest {
  const listed = compileListed(element);
  if (!element.not) return { reach: listed.strongest, covers: (caller) => listed.strongest(caller) !== null };
  return {
    // An Allow for "everyone but": whoever is listed at any level stays out.
    reach: (caller) => (listed.strongest(caller) === null ? 'direct' : null),
    // A Deny for "everyone but" spares only those whose account, role and session are all listed, and nobody who has a
    // permissions boundary ("NotPrincipal").
    covers: (caller, bounded = false) => bounded || !listed.entirely(caller),
  };
}

function compileListed(element: PrincipalElement) {
  const arns = new Set(element.aws);
  const accounts = new Set(element.aws.map(accountOf).filter((account) => account !== null));
  const services = new Set(element.service);
  const federated = new Set(element.federated);
  const strongest = (caller: Principal): Reach | null => {
    if (element.everyone) return 'direct';
    if (caller.kind === 'service') return has(services, caller.principalArn) ? 'direct' : null;
    if (caller.kind === 'federated') return has(federated, caller.principalArn) ? 'direct' : null;
    if (arns.has(caller.callerArn)) return 'direct';
    if (arns.has(caller.principalArn)) return 'role';
    if (!accounts.has(caller.account)) return null;
    return caller.kind === 'root' ? 'direct' : 'account';
  };
  const entirely = (caller: Principal): boolean => {
    if (element.everyone) return true;
    if (caller.kind === 'service' || caller.kind === 'federated') return strongest(caller) !== null;
    if (!accounts.has(caller.account)) return false;
    return caller.kind === 'root' || (arns.has(caller.principalArn) && arns.has(caller.callerArn));
  };
  return { strongest, entirely };
}

function has(names: ReadonlySet<string>, name: string): boolean {
  return names.has(name) || names.has('*');
}

/** Keys that are in every request, from the principal alone ("AWS global condition context keys"). */
export function principalKeys(principal: Principal): ReadonlyMap<string, readonly string[]> {
  const service = principal.kind === 'service';
  const keys = new Map([['aws:principalisawsservice', [String(service)]]]);
  if (service) return keys.set('aws:principalservicename', [principal.principalArn]);
  if (principal.kind === 'federated') return keys;
  return keys.set('aws:principalarn', [principal.principalArn]).set('aws:principalaccount', [principal.account]);
}
