import { CustodyError } from '../base/errors.js';
import { once } from '../base/once.js';
import type { AccountIdentity, AccountReader } from '../key/account.js';
import type { Plan } from '../plan/plan.js';
import { accountRolesOf } from '../policy/account-roles.js';
import { type PolicyDocument, parsePolicy } from '../policy/document.js';
import type { AccountPrincipal } from '../policy/proof/subject.js';
import type { Roster } from '../roster/roster.js';

/** Who is in the account, as far as it could be read, and what could not. */
export interface AccountFound {
  readonly principals: readonly AccountPrincipal[] | null;
  /** There may be roles and users beside those that were read. */
  readonly othersUnread: boolean;
  readonly unread: readonly string[];
}

export const NOBODY_READ: AccountFound = { principals: null, othersUnread: true, unread: [] };

/** The roles that plan, roster and these key policies name in the plan's account, sorted. */
export function rolesNamed(plan: Plan, roster: Roster, policies: readonly PolicyDocument[]): readonly string[] {
  const { seats, automation, executor, cold, auditor, installer } = accountRolesOf(roster, plan.interlock);
  const users = Object.values(plan.keys).flatMap((key) => key.users.map(({ roleArn }) => roleArn));
  const inPolicies = policies.flatMap(({ statements }) =>
    statements.flatMap(({ principal, conditions }) => [
      ...(principal?.aws ?? []),
      ...conditions.filter(({ key }) => /^aws:principalarn$/i.test(key)).flatMap(({ values }) => values),
    ]),
  );
  const own = `arn:${plan.partition}:iam::${plan.account}:role/`;
  const all = [...[...seats, ...automation].map(({ roleArn }) => roleArn), executor, cold, auditor, installer];
  const named = [...all, ...users, ...inPolicies].filter((arn) => arn.startsWith(own) && !/[*?$]/.test(arn));
  return [...new Set(named)].sort();
}

/**
 * Everyone of the account; where that may not be listed, role by role those that are named. Changes nothing.
 * @throws CustodyError what reading throws beside DENIED
 */
export async function readAccount(reader: AccountReader, named: readonly string[]): Promise<AccountFound> {
  const everyone = await orDenied(() => reader.identities());
  const unread: string[] = [];
  if (everyone !== DENIED) {
    return { principals: everyone.map((one) => principalOf(one, unread)), othersUnread: false, unread };
  }
  const principals: AccountPrincipal[] = [];
  const open = new Map<string, string[]>();
  const leave = (because: string, arn: string) => once(open, because, () => []).push(nameOf(arn));
  for (const arn of named) {
    const role = await orDenied(() => reader.role(arn));
    if (role === DENIED) leave('not readable with these credentials', arn);
    else if (role === null) leave('there is no such role', arn);
    else {
      principals.push(principalOf(role, unread));
      if (role.policies === null) leave('policies not readable with these credentials', arn);
    }
  }
  if (principals.length === 0) {
    return { ...NOBODY_READ, unread: ['roles and users of the account: not readable with these credentials'] };
  }
  const left = [...open].map(([because, names]) => `${names.join(', ')}: ${because}`);
  const rest = 'everyone else of the account: not listed for these credentials (iam:GetAccountAuthorizationDetails)';
  return { principals, othersUnread: true, unread: [...unread, ...left, rest] };
}

const DENIED = Symbol('denied');

/** What these credentials may not read is left open; anything else is a failure. */
async function orDenied<T>(read: () => Promise<T>): Promise<T | typeof DENIED> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof CustodyError && cause.code === 'DENIED') return DENIED;
    throw cause;
  }
}

function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}

/** A policy that cannot be read as one is a policy that is not known. */
function principalOf({ arn, trust, policies, boundary }: AccountIdentity, unread: string[]): AccountPrincipal {
  const read = (document: string, what: string) => {
    try {
      return parsePolicy(document, what);
    } catch (cause) {
      if (!(cause instanceof CustodyError) || cause.code !== 'POLICY_MALFORMED') throw cause;
      unread.push(`${nameOf(arn)}: ${cause.message}`);
      return null;
    }
  };
  const limit = boundary === null ? null : read(boundary.document, `the boundary of ${arn}`);
  const own = (policies ?? []).map(({ name, document }) => ({ name, document: read(document, `${name} of ${arn}`) }));
  const whole = own.flatMap(({ name, document }) => (document === null ? [] : [{ name, document }]));
  const known = policies !== null && whole.length === own.length && (boundary === null || limit !== null);
  return {
    arn,
    trust: trust === null ? null : read(trust, `the trust policy of ${arn}`),
    identity: known ? whole : null,
    boundary: limit,
  };
}
